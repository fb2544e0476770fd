import Vocabulary

/// What people call a line of images: the profile's `image:` and `image import --name`.
///
/// It is a file name too, so it has only lower-case letters, digits, `.`, `-` and `_`, begins with a letter or a digit,
/// has at most 100 bytes, and does not look like a digest.
public struct ImageName: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// - Throws: `BuildError` with what a name may be.
    public init(_ text: String) throws(BuildError) {
        let isAllowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
        guard isAllowed, let first = text.utf8.first, !".-_".utf8.contains(first), text.utf8.count <= 100,
            Digest(text) == nil
        else {
            throw BuildError(
                .invalidInput,
                "'\(text)' cannot name an image: expected lower-case letters, digits, '.', '-' and '_', "
                    + "beginning with a letter or a digit, at most 100"
            )
        }
        description = text
    }
}

/// A numbered set of one image for each architecture: what a name means from one import to the next.
public struct ImageRelease: Hashable, Sendable, Codable {
    /// 1, 2, 3 …
    public var number: Int
    public var created: Timestamp
    /// By architecture, spelled as `Architecture` does.
    public var images: [String: Digest]

    public init(number: Int, created: Timestamp, images: [String: Digest]) {
        self.number = number
        self.created = created
        self.images = images
    }
}

/// A name and what it has meant, oldest release first.
public struct NamedImage: Hashable, Sendable, Codable {
    public var name: String
    /// Never empty.
    public var releases: [ImageRelease]

    /// The newest release.
    public var current: ImageRelease { releases[releases.count - 1] }
}
