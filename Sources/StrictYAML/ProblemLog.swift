public import Yams

/// Collects what is wrong with one file, so that a person sees all of it at once.
public final class ProblemLog {
    public let path: String
    public private(set) var problems: [YAMLProblem] = []

    public init(path: String) { self.path = path }

    public func add(_ message: String, at node: Node) {
        add(message, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0)
    }

    public func add(_ message: String, line: Int, column: Int) {
        problems.append(YAMLProblem(path: path, line: line, column: column, message: message))
    }

    public func expected(_ expected: String, at node: Node) {
        add("found \(node.found), expected \(expected)", at: node)
    }

    /// What the YAML reader itself stumbled over.
    public func add(yaml error: any Error) {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            add("found broken YAML: \(problem)", line: mark.line, column: mark.column)
        case YamlError.duplicatedKeysInMapping(let keys, let context):
            let names = keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
            add("found \(names) twice in one mapping", line: context.mark.line, column: context.mark.column)
        default:
            add("found broken YAML: \(error)", line: 0, column: 0)
        }
    }
}
