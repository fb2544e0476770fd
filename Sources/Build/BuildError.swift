/// What went wrong while making or keeping images, in words for the person who asked.
public struct BuildError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Why it failed, for programs; the registry may grow.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// The input is not what it has to be: a kernel that is none, a manifest that says something else.
        public static let invalidInput = Code(description: "invalidInput")
        /// There is nothing under that name or digest.
        public static let notFound = Code(description: "notFound")
        /// A short digest or a name means several things.
        public static let ambiguous = Code(description: "ambiguous")
        /// The file system or the network said no.
        public static let unavailable = Code(description: "unavailable")
        /// Bytes do not have the digest or the size that they should have.
        public static let corrupt = Code(description: "corrupt")
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
