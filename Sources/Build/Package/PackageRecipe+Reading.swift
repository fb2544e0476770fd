import Foundation
import StrictYAML
import Vocabulary

extension PackageRecipe {
    static let fileName = "package.yml"

    /// Reads `DIR/package.yml`.
    ///
    /// - Parameters:
    ///   - path: a directory, `:TAG` after it for one tag only.
    ///   - architecture: whose image is to be made.
    /// - Returns: a recipe for each tag, in the file's order.
    /// - Throws: `DefinitionError` with everything that is wrong; `BuildError` when there is no recipe, or none of that tag.
    public static func read(directory path: String, architecture: Architecture) throws -> [PackageRecipe] {
        var directory = path
        var wanted: String?
        if !FileManager.default.fileExists(atPath: path), let colon = path.lastIndex(of: ":") {
            directory = String(path[..<colon])
            wanted = String(path[path.index(after: colon)...])
        }
        while directory.count > 1, directory.hasSuffix("/") { directory.removeLast() }
        let file = "\(directory)/\(fileName)"
        guard let data = FileManager.default.contents(atPath: file) else {
            throw BuildError(.notFound, "there is no recipe in \(directory): expected a file \(fileName) there")
        }
        let recipes = try read(String(decoding: data, as: UTF8.self), path: file, directory, architecture)
        guard let wanted else { return recipes }
        let chosen = recipes.filter { $0.reference.tag == wanted }
        guard !chosen.isEmpty else {
            let known = recipes.compactMap(\.reference.tag).joined(separator: ", ")
            throw BuildError(.notFound, "\(file) has no tag '\(wanted)', only \(known)")
        }
        return chosen
    }

    /// Reads a recipe's text.
    static func read(
        _ text: String,
        path: String,
        _ directory: String,
        _ architecture: Architecture
    ) throws(DefinitionError) -> [PackageRecipe] {
        let log = ProblemLog(path: path)
        var recipes: [PackageRecipe] = []
        if let root = log.onlyDocument(text) {
            var reader = PackageRecipeReader(log: log, architecture: architecture, directory: directory)
            for tag in reader.tags(root) ?? [] {
                // What is wrong in all of them is said once.
                guard let recipe = reader.recipe(root, tag: tag.name, variables: tag.variables) else { break }
                recipes.append(recipe)
            }
        } else if log.problems.isEmpty {
            log.add("found an empty file, expected a recipe", line: 0, column: 0)
        }
        guard log.problems.isEmpty else { throw DefinitionError(problems: log.problems) }
        return recipes
    }
}

extension Node {
    /// The value as it is written again, keys in their order.
    var value: YAMLValue {
        switch self {
        case .scalar(let scalar):
            switch scalar.type {
            case .bool: .bool(scalar.string.lowercased() == "true")
            case .integer: scalar.integer(as: Int128.self).map(YAMLValue.integer) ?? .string(scalar.string)
            case .null, .float, .text, .any: .string(scalar.string)
            }
        case .sequence(let sequence): .list(sequence.map(\.value))
        case .mapping(let mapping):
            .members(mapping.map { YAMLValue.Member($0.key.scalar?.string ?? "", $0.value.value) })
        }
    }
}
