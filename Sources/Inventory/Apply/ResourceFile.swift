import Foundation
public import StrictYAML

/// The files of `muster apply`: YAML documents of the kinds Profile, Machine and Assignment, strictly.
public enum ResourceFile {
    /// A file's text and the name by which it is complained about. The names of definitions in it are relative to
    /// its directory.
    public struct Source: Hashable, Sendable {
        public var path: String
        public var text: String

        public init(path: String, text: String) {
            self.path = path
            self.text = text
        }
    }

    /// The files that `paths` name; a directory stands for its `.yml` and `.yaml` files, in the order of their names.
    ///
    /// - Throws: `InventoryError` when one cannot be read or is no UTF-8 text.
    public static func read(_ paths: [String]) throws -> [Source] {
        try paths.flatMap { path in
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
                throw InventoryError(.notFound, "cannot read \(path): there is no such file")
            }
            guard isDirectory.boolValue else { return [try source(path)] }
            let names: [String]
            do {
                names = try FileManager.default.contentsOfDirectory(atPath: path)
            } catch {
                throw InventoryError(.unavailable, "cannot read the directory \(path)", cause: error)
            }
            return try names.filter { isYAML($0) && !$0.hasPrefix(".") }.sorted().map { try source("\(path)/\($0)") }
        }
    }

    /// Everything that the files describe, in order.
    ///
    /// - Throws: `InventoryError.Code.invalidInput` with every problem on a line of its own
    ///   (`file:line:column: found …, expected …`); nothing of any file counts then.
    public static func parse(_ sources: [Source]) throws -> [Resource] {
        let (resources, problems) = check(sources)
        guard problems.isEmpty else {
            throw InventoryError(.invalidInput, problems.map(\.description).joined(separator: "\n"))
        }
        return resources
    }

    /// The same with the problems as values.
    public static func check(_ sources: [Source]) -> (resources: [Resource], problems: [YAMLProblem]) {
        var duplicates = DuplicateCheck()
        var resources: [Resource] = []
        var problems: [YAMLProblem] = []
        for source in sources {
            let log = ProblemLog(path: source.path)
            // One document at a time: a file of a hundred thousand machines is never in memory as a tree.
            log.readDocuments(source.text) { node in
                if !node.isNull, let resource = ResourceParser(log: log).resource(node) {
                    duplicates.add(resource, at: node, log: log)
                    resources.append(resource)
                }
                return true
            }
            problems += log.problems
        }
        return (problems.isEmpty ? resources : [], problems)
    }

    static func isYAML(_ path: String) -> Bool { path.hasSuffix(".yml") || path.hasSuffix(".yaml") }

    private static func source(_ path: String) throws -> Source {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw InventoryError(.unavailable, "cannot read \(path)", cause: error)
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw InventoryError(.invalidInput, "\(path): found bytes that are no UTF-8, expected YAML text")
        }
        return Source(path: path, text: text)
    }
}
