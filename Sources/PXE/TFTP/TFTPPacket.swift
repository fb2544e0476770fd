/// The first two octets of every TFTP packet (RFC 1350 5, RFC 2347).
struct TFTPOpcode: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt16

    static let readRequest = TFTPOpcode(rawValue: 1)
    static let writeRequest = TFTPOpcode(rawValue: 2)
    static let data = TFTPOpcode(rawValue: 3)
    static let acknowledgement = TFTPOpcode(rawValue: 4)
    static let error = TFTPOpcode(rawValue: 5)
    static let optionAcknowledgement = TFTPOpcode(rawValue: 6)
}

/// Why a transfer does not happen (RFC 1350 5, RFC 2347), with a sentence for the client's screen.
public struct TFTPError: Error, Hashable, Sendable {
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: UInt16
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        public static let undefined = Code(rawValue: 0)
        public static let fileNotFound = Code(rawValue: 1)
        public static let accessViolation = Code(rawValue: 2)
        public static let illegalOperation = Code(rawValue: 4)
        public static let unknownTransfer = Code(rawValue: 5)
        /// Sent by clients that do not like an option acknowledgement, or wanted nothing but the size.
        public static let optionRefused = Code(rawValue: 8)
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// ```
    ///  2 bytes   2 bytes     string   1 byte
    ///  -------------------------------------
    /// |   05   | ErrorCode |  ErrMsg |   0  |
    ///  -------------------------------------
    /// ```
    var packet: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: TFTPOpcode.error.rawValue)
        bytes.append(bigEndian: code.rawValue)
        return bytes + message.utf8.prefix(500).filter { $0 != 0 } + [0]
    }
}

/// What a client sends after its request.
enum TFTPClientPacket: Hashable, Sendable {
    /// The number of the last block that it has in order, in 16 bits; 0 answers an option acknowledgement.
    case acknowledgement(block: UInt16)
    case error(TFTPError.Code)
    /// Anything else: nothing that a server which only reads out expects.
    case other(TFTPOpcode)

    /// nil when the packet is too short to be one. What follows the fixed part is ignored: some ROMs pad their ACKs.
    init?(parsing bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 4 else { return nil }
        let argument = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        switch TFTPOpcode(rawValue: UInt16(bytes[0]) << 8 | UInt16(bytes[1])) {
        case .acknowledgement: self = .acknowledgement(block: argument)
        case .error: self = .error(TFTPError.Code(rawValue: argument))
        case let opcode: self = .other(opcode)
        }
    }
}
