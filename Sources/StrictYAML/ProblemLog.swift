/// Collects what is wrong with one file, so that a person sees all of it at once.
public final class ProblemLog {
    public let path: String
    public private(set) var problems: [YAMLProblem] = []

    public init(path: String) { self.path = path }

    public func place(of node: Node) -> SourcePlace {
        SourcePlace(path: path, line: node.mark.line, column: node.mark.column)
    }

    public func add(_ message: String, at node: Node) { problems.append(YAMLProblem(message, at: place(of: node))) }

    public func add(_ message: String, line: Int, column: Int) {
        problems.append(YAMLProblem(message, at: SourcePlace(path: path, line: line, column: column)))
    }

    public func expected(_ expected: String, at node: Node) {
        add("found \(node.found), expected \(expected)", at: node)
    }
}

// MARK: Documents

extension ProblemLog {
    /// Hands on the documents of a text one at a time: a file of a hundred thousand is never in memory as a tree. What is no
    /// YAML ends them, and is logged.
    ///
    /// - Parameter body: says whether to go on.
    public func readDocuments(_ text: String, _ body: (Node) -> Bool) {
        var text = text
        text.withUTF8 { bytes in
            var documents = DocumentReader(bytes)
            do throws(YAMLSyntaxError) {
                while let node = try documents.next(), body(node) {}
            } catch {
                add(error.message, line: error.mark.line, column: error.mark.column)
            }
        }
    }

    /// The first document of a text; what follows it is not looked at. nil when there is none, or no YAML.
    public func firstDocument(_ text: String) -> Node? {
        var first: Node?
        readDocuments(text) { node in
            first = node
            return false
        }
        return first
    }

    /// The one document of a text; a second one is a problem. nil when there is none, or no YAML.
    public func onlyDocument(_ text: String) -> Node? {
        var first: Node?
        readDocuments(text) { node in
            guard first == nil else {
                add("found a second document, expected one", at: node)
                return false
            }
            first = node
            return true
        }
        return first
    }
}
