/// How exactly a selector names a machine. Of two that match, the greater wins:
/// whole MAC, UUID, whole serial, longest MAC prefix, longest serial prefix, longest subnet, most label terms,
/// architecture, default. A selector of several parts goes by its strongest, and by the next where those are equal.
public struct Specificity: Hashable, Comparable, Sendable {
    private let rank: UInt64

    public init(_ selector: Assignment.Selector) {
        var rank: UInt64 = 0
        func append(_ value: Int, bits: UInt64) {
            rank = rank << bits | min(UInt64(value), 1 << bits - 1)
        }
        let mac = selector.mac
        let serial = selector.serial
        append(mac?.isWhole == true ? 1 : 0, bits: 1)
        append(selector.uuid == nil ? 0 : 1, bits: 1)
        append(serial?.isWhole == true ? 1 : 0, bits: 1)
        append(mac.map { $0.isWhole ? 0 : $0.digits + 1 } ?? 0, bits: 4)
        append(serial.map { $0.isWhole ? 0 : $0.text.utf8.count + 1 } ?? 0, bits: 10)
        append(selector.subnet.map { $0.prefixLength + 1 } ?? 0, bits: 6)
        append(selector.labels.count, bits: 8)
        append(selector.architecture == nil ? 0 : 1, bits: 1)
        self.rank = rank
    }

    public static func < (a: Specificity, b: Specificity) -> Bool { a.rank < b.rank }
}
