/// Where something stands in a file's text, for what turns out to be wrong with it later.
public struct SourcePlace: Hashable, Sendable, CustomStringConvertible {
    public var path: String
    /// From 1; 0 when the file as a whole is meant.
    public var line: Int
    /// In Unicode scalars, from 1.
    public var column: Int

    public init(path: String, line: Int, column: Int) {
        self.path = path
        self.line = line
        self.column = column
    }

    public var description: String { line == 0 ? path : "\(path):\(line):\(column)" }
}
