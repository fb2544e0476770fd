import Vocabulary

/// Who a simulated machine is: all of it follows from its number, so that the resources which describe it can be written
/// before it exists.
public struct SimulatedIdentity: Hashable, Sendable {
    /// From 1.
    public let number: Int

    public init(number: Int) { self.number = number }

    /// Numbers that fit a transaction identifier with a count beside them.
    public static let most = (1 << 20) - 1

    public var name: String { "sim-\(String(repeating: "0", count: max(0, 5 - String(number).utf8.count)))\(number)" }
    /// Locally administered: no card that was ever sold has it.
    public var mac: MACAddress { MACAddress(rawValue: 0x024d_5300_0000 | UInt64(number)) }
    public var uuid: MachineUUID {
        MachineUUID(high: 0x6d75_7374_6572_4000, low: 0x8000_0000_0000_0000 | UInt64(number))
    }
    public var serial: String { "SIM\(number)" }
    /// Forty machines to a rack.
    public var rack: String { "r\((number - 1) / 40 + 1)" }
}
