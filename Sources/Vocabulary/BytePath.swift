/// A name or a path from outside, as the bytes that it is: equal only when every byte is.
///
/// Swift's `String` compares by canonical equivalence and repairs bad UTF-8, so that NFC and NFD names would be one
/// dictionary key and the bytes ff and fe one name. Names in archives, trees and TFTP requests are these instead.
public struct BytePath: Hashable, Sendable {
    public let bytes: [UInt8]

    @inlinable
    public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }
    public init(_ text: String) { bytes = Array(text.utf8) }

    /// The parts between slashes, without empty ones and `.`; nil when one is `..` or holds a NUL.
    public var components: [BytePath]? {
        var result: [BytePath] = []
        for part in bytes.split(separator: UInt8(ascii: "/")) {
            if part.elementsEqual(".".utf8) { continue }
            guard !part.elementsEqual("..".utf8), !part.contains(0) else { return nil }
            result.append(BytePath(part))
        }
        return result
    }
}

extension BytePath: Comparable {
    public static func < (a: BytePath, b: BytePath) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

extension BytePath: ExpressibleByStringLiteral, CustomStringConvertible {
    public init(stringLiteral text: String) { self.init(text) }

    /// Printable ASCII as it is, everything else as `\xhh`: safe for a log and a terminal, and never ambiguous.
    public var description: String {
        var text = ""
        for byte in bytes {
            if (0x20..<0x7f).contains(byte), byte != UInt8(ascii: "\\") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "\\x" + hexadecimal([byte])
            }
        }
        return text
    }
}
