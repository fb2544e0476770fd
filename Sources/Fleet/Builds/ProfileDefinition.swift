import Build
import Inventory
import Vocabulary

/// What a profile's image is built of: its definitions as they were applied, and its variables.
struct ProfileDefinition: Hashable, Sendable {
    let profile: String
    let sources: [Definition.Source]
    let variables: Variables
    /// What machines fetch the root as; nil for an initrd that is the root.
    let root: RootType?
    /// Names all of it; what the definitions' files are called is not in it.
    let key: Digest

    /// nil for a profile that names an image, and for one whose definitions were never sent.
    init?(_ profile: Profile) {
        guard case .definitions(let paths) = profile.image else { return nil }
        var sources: [Definition.Source] = []
        for path in paths {
            guard let text = profile.definitions[path] else { return nil }
            sources.append(Definition.Source(path: path, text: text))
        }
        self.profile = profile.name
        self.sources = sources
        variables = Variables(profile.vars)
        root = profile.root
        var parts: [JSONValue] = [
            .array(sources.map { .string($0.text) }), .object(profile.vars.mapValues(JSONValue.string)),
        ]
        if let root { parts.append(.string(root.rawValue)) }
        key = Digest(of: JSONValue.array(parts).json.utf8)
    }

    /// The definition that the texts merge into.
    ///
    /// - Throws: `DefinitionError` with everything that is wrong; `FleetError` for what only the host that applied it has.
    func parsed() throws -> Definition {
        let definition = try Definition(reading: sources, variables: variables)
        for file in definition.files {
            guard case .source(let path) = file.content, !path.hasPrefix("/") else { continue }
            throw FleetError(
                .invalidInput,
                "\(file.place): found the source '\(path)', expected contents: or an absolute path on the server, which "
                    + "builds the images of profiles"
            )
        }
        return definition
    }
}
