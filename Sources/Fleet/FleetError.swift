/// Why the fleet did not do what somebody asked for, in words for that person.
public struct FleetError: Error, Hashable, Sendable, CustomStringConvertible {
    /// For programs; the registry may grow.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// No machine, profile or image of that name.
        public static let notFound = Code(description: "notFound")
        /// What was asked for contradicts what is: a name that is taken, a machine that is retired.
        public static let conflict = Code(description: "conflict")
        /// A database cannot be used now.
        public static let unavailable = Code(description: "unavailable")
        public static let invalidInput = Code(description: "invalidInput")
        /// Understood, and against a budget, a ceiling, a freeze or what a roll is in the middle of.
        public static let refused = Code(description: "refused")
    }

    public let code: Code
    /// What was tried, on what, and what to do about it.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
