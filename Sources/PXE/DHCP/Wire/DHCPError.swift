/// Why octets are not a DHCP packet that anybody may answer.
public struct DHCPError: Error, Hashable, Sendable {
    public struct Code: Hashable, Sendable {
        private enum Value: String { case truncated, cookie, operation, hardware, hops, option, messageType, tooLong }
        private let value: Value
        private init(_ value: Value) { self.value = value }

        /// Shorter than the fixed part, or an option reaches beyond the end.
        public static let truncated = Code(.truncated)
        /// Not 99.130.83.99: plain BOOTP, or something else.
        public static let cookie = Code(.cookie)
        /// Neither BOOTREQUEST nor BOOTREPLY.
        public static let operation = Code(.operation)
        /// A hardware address longer than its field.
        public static let hardware = Code(.hardware)
        /// Passed on more than 16 times (RFC 1542 §4.1.1).
        public static let hops = Code(.hops)
        /// More options than any client sends.
        public static let option = Code(.option)
        /// No option 53, or one that is not a single octet.
        public static let messageType = Code(.messageType)
        /// Longer than any network carries.
        public static let tooLong = Code(.tooLong)
    }

    public let code: Code
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension DHCPError: CustomStringConvertible {
    public var description: String { message }
}
