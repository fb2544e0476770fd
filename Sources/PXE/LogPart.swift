/// A part of a log that a machine was asked for: the query of `POST /boots/<id>/logs`, whose body are its lines.
public struct LogPart: Hashable, Sendable {
    public enum Outcome: String, Hashable, Sendable {
        /// Another part follows.
        case more
        /// The last one.
        case end
        /// There is no such container: the body names those there are, a line each.
        case unknown
    }

    /// The number of the question.
    public var request: Int
    /// Counted from 0: a part that was sent again is known by it.
    public var number: Int
    public var outcome: Outcome

    public init(request: Int, number: Int, outcome: Outcome) {
        self.request = request
        self.number = number
        self.outcome = outcome
    }

    /// nil when the query is not `request=n&part=k&outcome=…`.
    init?(_ target: RequestTarget) {
        guard let request = target.text(of: "request").flatMap({ Int($0) }),
            let number = target.text(of: "part").flatMap({ Int($0) }), number >= 0,
            let outcome = target.text(of: "outcome").flatMap({ Outcome(rawValue: $0) })
        else { return nil }
        self.init(request: request, number: number, outcome: outcome)
    }
}
