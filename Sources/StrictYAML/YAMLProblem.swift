/// Something in a file that is not what it has to be.
public struct YAMLProblem: Hashable, Sendable, CustomStringConvertible {
    public var place: SourcePlace
    /// What was found and what was expected.
    public var message: String

    public init(_ message: String, at place: SourcePlace) {
        self.message = message
        self.place = place
    }

    public var description: String { "\(place): \(message)" }
}
