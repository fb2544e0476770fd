/// A number of machines, or a part of them.
public enum Portion: Hashable, Sendable, Codable {
    case count(Int)
    /// 0 to 100; rounds down, at least one.
    case percent(Int)

    /// Of so many machines; none at all only where that was said.
    public func count(of machines: Int) -> Int {
        switch self {
        case .count(let count): count
        case .percent(0): 0
        case .percent(let percent): max(1, machines * percent / 100)
        }
    }
}
