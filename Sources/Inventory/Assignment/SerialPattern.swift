import Vocabulary

/// A whole serial number, or the beginning of one and `*`. Compared byte by byte, in its own case.
public struct SerialPattern: Hashable, Sendable {
    public let text: String
    public let isWhole: Bool

    /// A pattern as written; nil when it is empty or a filler that many machines share.
    public init?(_ description: String) {
        isWhole = description.utf8.last != UInt8(ascii: "*")
        text = isWhole ? description : String(description.dropLast())
        if isWhole, MachineIdentity(serial: text).serial != text { return nil }
    }

    public func matches(_ serial: String) -> Bool {
        isWhole ? serial.utf8.elementsEqual(text.utf8) : serial.utf8.starts(with: text.utf8)
    }
}

extension SerialPattern: CustomStringConvertible {
    public var description: String { isWhole ? text : text + "*" }
}
