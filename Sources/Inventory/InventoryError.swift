/// What went wrong while reading or keeping what people wrote and what happened, in words for the person who asked.
public struct InventoryError: Error, Sendable, CustomStringConvertible {
    /// Why it failed, for programs; the registry may grow.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// A file or a value is not what it has to be; nothing of it was taken.
        public static let invalidInput = Code(description: "invalidInput")
        /// Two things claim what only one can have: a name, a MAC, an address, a machine.
        public static let conflict = Code(description: "conflict")
        /// There is nothing under that name.
        public static let notFound = Code(description: "notFound")
        /// The database does not answer: locked, read-only, deleted, on a full or broken disk.
        public static let unavailable = Code(description: "unavailable")
        /// A file is damaged. It is never overwritten by itself.
        public static let corrupt = Code(description: "corrupt")
        /// More is waiting to be written than the store will hold.
        public static let overloaded = Code(description: "overloaded")
    }

    public let code: Code
    /// What was tried, on what, and what to do about it.
    public let message: String
    /// What the file system or the database said.
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { message }
}
