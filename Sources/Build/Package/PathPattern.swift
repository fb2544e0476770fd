import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A path with shell wildcards: `*`, `?` and `[a-z]` within a part, `**` for any number of parts. What it matches, it
/// matches with everything that lies in it.
struct PathPattern: Hashable, Sendable, CustomStringConvertible {
    let description: String
    private let parts: [String]

    /// - Returns: nil for a path that is empty, leaves the root, or has a NUL in it.
    init?(_ text: String) {
        guard let components = BytePath(text).components, !components.isEmpty else { return nil }
        description = text
        parts = components.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    /// Whether the pattern is the path, or a directory above it.
    func matches(_ path: BytePath) -> Bool {
        let names = path.bytes.split(separator: UInt8(ascii: "/"))
        return Self.matches(parts[...], names[...])
    }

    private static func matches(_ parts: ArraySlice<String>, _ names: ArraySlice<ArraySlice<UInt8>>) -> Bool {
        guard let part = parts.first else { return true }
        if part == "**" {
            let rest = parts.dropFirst()
            // At the end it stands for whatever is in a directory, and not for the directory.
            if rest.isEmpty { return !names.isEmpty }
            return (0...names.count).contains { matches(rest, names.dropFirst($0)) }
        }
        guard let name = names.first, Self.matches(part, name) else { return false }
        return matches(parts.dropFirst(), names.dropFirst())
    }

    /// One name by fnmatch(3).
    static func matches(_ pattern: String, _ name: some Sequence<UInt8>) -> Bool {
        let bytes = name.map { CChar(bitPattern: $0) } + [0]
        return fnmatch(pattern, bytes, 0) == 0
    }
}
