import Vocabulary

/// A package that a database in an image says is installed.
public struct InstalledPackage: Hashable, Sendable {
    /// Who keeps the database.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// dpkg's: Debian and what is made of it.
        case deb
        /// Alpine's.
        case apk
    }

    public var kind: Kind
    /// The root that it is installed in, in the image's; empty for the image's own.
    public var root: BytePath
    public var name: String
    public var version: String
    /// As the database spells it: `amd64`, `x86_64`, `all` …; empty when it does not say.
    public var architecture: String
    /// What it was built from, when that is called otherwise.
    public var source: String?
    /// As the package says it, which is not always an SPDX expression.
    public var license: String?
    /// `ID` of the root's os-release: `debian`, `alpine` …
    public var distribution: String?

    /// Package URL: `pkg:deb/debian/libc6@2.36-9?arch=amd64` (purl specification, types deb and apk).
    public var url: String {
        let standard = kind == .deb ? "debian" : "alpine"
        let namespace = Self.percentEncoded(distribution ?? standard)
        let base = "pkg:\(kind)/\(namespace)/\(Self.percentEncoded(name))@\(Self.percentEncoded(version))"
        return architecture.isEmpty ? base : base + "?arch=\(Self.percentEncoded(architecture))"
    }

    private static func percentEncoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: ":"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                result += "%" + hexadecimal([byte]).uppercased()
            }
        }
        return result
    }
}
