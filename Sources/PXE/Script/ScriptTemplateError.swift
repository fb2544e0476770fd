/// A template that cannot be used: where, what was found, and what was expected.
public struct ScriptTemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    public let file: String
    /// From 1; 0 when the whole file is meant.
    public let line: Int
    /// In bytes, from 1.
    public let column: Int
    public let message: String

    public var description: String {
        line == 0 ? "\(file): \(message)" : "\(file):\(line):\(column): \(message)"
    }
}
