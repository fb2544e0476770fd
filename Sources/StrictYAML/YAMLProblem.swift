/// Something in a file that is not what it has to be.
public struct YAMLProblem: Hashable, Sendable, CustomStringConvertible {
    public var path: String
    /// From 1; 0 when the file as a whole is meant.
    public var line: Int
    /// In Unicode scalars, from 1.
    public var column: Int
    /// What was found and what was expected.
    public var message: String

    public init(path: String, line: Int, column: Int, message: String) {
        self.path = path
        self.line = line
        self.column = column
        self.message = message
    }

    public var description: String { line == 0 ? "\(path): \(message)" : "\(path):\(line):\(column): \(message)" }
}
