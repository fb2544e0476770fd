import StrictYAML
import Vocabulary

/// Reads a recipe, strictly: a key that nobody knows or a value of the wrong type is a problem with its place, and a recipe
/// with problems is refused whole.
///
///     image: nginx
///     tags: {latest: {}}                   # tag: variables; `latest` without any unless given
///     packages:
///       - name: nginx
///         keep: [usr/sbin/nginx]           # with wildcards; directories with all that is in them
///         drop: []                         # of that
///         dependency: linux-image-[0-9]*   # not the package's own files but those of what it depends on
///         arch: [amd64]                    # left out elsewhere; so is what is for some tags only: `tag: [generic]`
///     files: []                            # as in a definition, and `arch:`, `tag:`, and `madeBy:` for sources that are built;
///                                          # 0644 and 0755 unless they say otherwise
///     steps:
///       - {move: boot/vmlinuz-*, to: kernel}
///     config: {entrypoint: [], cmd: [], env: [], cwd: /, labels: {}, settings: {}}
///
/// `${tag}`, `${arch}` (amd64), `${multiarch}` (x86_64-linux-gnu) and the tag's variables are replaced everywhere.
struct PackageRecipeReader {
    let log: ProblemLog
    let architecture: Architecture
    let directory: String
    private var tag = ""

    init(log: ProblemLog, architecture: Architecture, directory: String) {
        self.log = log
        self.architecture = architecture
        self.directory = directory
    }

    static let keys = ["image", "tags", "packages", "files", "steps", "config"]

    /// The tags of a recipe, in its order.
    /// - Returns: nil when there were problems; they are in the log.
    func tags(_ root: Node) -> [(name: String, variables: [String: String])]? {
        guard let reader = MappingReader(root, known: Self.keys, log: log) else { return nil }
        guard let node = reader["tags"] else { return [("latest", [:])] }
        guard case .mapping(let mapping) = node, !mapping.isEmpty else {
            log.expected("a mapping of tags to their variables", at: node)
            return nil
        }
        var tags: [(name: String, variables: [String: String])] = []
        for (key, value) in mapping {
            guard let name = key.verbatim, DockerReference("localhost/x:\(name)") != nil else {
                log.expected("a tag of letters, digits, '.', '_' and '-'", at: key)
                continue
            }
            tags.append((name, log.mapping(value, of: "names to texts") { log.string($0) } ?? [:]))
        }
        return log.problems.isEmpty ? tags : nil
    }

    /// - Returns: nil when there were problems; they are in the log.
    mutating func recipe(_ root: Node, tag: String, variables: [String: String]) -> PackageRecipe? {
        self.tag = tag
        var values = variables
        values["tag"] = tag
        values["arch"] = architecture.rawValue
        values["multiarch"] = architecture.multiarch
        let replaced = Variables(values).replace(in: root)
        guard let reader = MappingReader(replaced, known: Self.keys, log: log) else { return nil }
        let name = reader.required("image", "the image's name").flatMap { log.string($0) }
        let reference = name.flatMap { DockerReference("\(DockerReference.localRegistry)/\($0):\(tag)") }
        if let name, reference == nil || name.contains(":") || name.contains("@") {
            log.add(
                "found '\(name)', expected an image's name without registry and tag, such as nginx",
                at: reader["image"]!
            )
        }
        var recipe = PackageRecipe(
            reference: reference
                ?? DockerReference(registry: DockerReference.localRegistry, repository: "unnamed", tag: tag),
            architecture: architecture,
            directory: directory
        )
        recipe.packages = (reader.list("packages", of: "packages", selection) ?? []).compactMap(\.self)
        recipe.files = (reader.list("files", of: "files", file) ?? []).compactMap(\.self)
        recipe.steps = (reader.list("steps", of: "steps", step) ?? []).compactMap(\.self)
        if let node = reader["config"] { recipe.configuration = configuration(node) }
        if recipe.packages.isEmpty, recipe.files.isEmpty, log.problems.isEmpty {
            log.add("found neither packages nor files for \(architecture), expected some", at: reader.node)
        }
        return log.problems.isEmpty ? recipe : nil
    }

    // MARK: Packages

    /// - Returns: nothing inside when it is for others.
    private func selection(_ node: Node) -> PackageRecipe.Selection?? {
        let known = ["name", "dependency", "keep", "drop", "arch", "tag"]
        guard let reader = MappingReader(node, known: known, log: log) else { return .none }
        let name = reader.required("name", "a package's name").flatMap(packageName)
        let dependency = reader.string("dependency")
        let keep = reader.list("keep", of: "paths with wildcards") { node in
            pattern(node).map { PackageRecipe.Selection.Pattern(pattern: $0, place: place(of: node)) }
        }
        let drop = reader.list("drop", of: "paths with wildcards", pattern) ?? []
        guard isMeant(reader) else { return .some(nil) }
        guard let name else { return .none }
        return PackageRecipe.Selection(
            name: name,
            dependency: dependency,
            keep: keep ?? [],
            drop: drop,
            place: place(of: node)
        )
    }

    /// A package's name (Debian policy 5.6.7): it goes to apt's command line.
    private func packageName(_ node: Node) -> String? {
        guard let name = log.string(node) else { return nil }
        guard let first = name.utf8.first, isSmallOrDigit(first), name.utf8.count >= 2,
            name.utf8.allSatisfy({ isSmallOrDigit($0) || "+-.".utf8.contains($0) })
        else {
            log.add("found '\(name)', expected a Debian package's name", at: node)
            return nil
        }
        return name
    }

    private func pattern(_ node: Node) -> PathPattern? {
        guard let text = log.string(node, "a path with wildcards") else { return nil }
        guard let pattern = PathPattern(text) else {
            log.add("found '\(text)', expected a path in the root with wildcards, without '..'", at: node)
            return nil
        }
        return pattern
    }

    /// Whether an entry is for this architecture and this tag.
    private func isMeant(_ reader: MappingReader) -> Bool {
        let tags = reader.strings("tag")
        let names = reader.list("arch", of: "architectures") { node -> Architecture? in
            guard let text = log.string(node) else { return nil }
            guard let known = Architecture(text) else {
                log.add("found '\(text)', expected an architecture such as amd64 or arm64", at: node)
                return nil
            }
            return known
        }
        return (names?.contains(architecture) ?? true) && (tags?.contains(tag) ?? true)
    }

    // MARK: Files

    /// - Returns: nothing inside when it is for others.
    private func file(_ node: Node) -> PackageRecipe.File?? {
        guard case .mapping(let mapping) = node else {
            log.expected("a mapping with path and what is there", at: node)
            return .none
        }
        let ours = ["arch", "tag", "madeBy"]
        func part(_ isOurs: Bool) -> Node {
            let pairs = mapping.filter { ours.contains($0.key.scalar?.string ?? "") == isOurs }
            return .mapping(Node.Mapping(Array(pairs), mark: mapping.mark))
        }
        guard let reader = MappingReader(part(true), known: ours, log: log),
            var entry = DefinitionReader(log: log, variables: Variables()).file(part(false))
        else { return .none }
        let maker = reader.string("madeBy")
        for case .entry(let name) in [entry.owner, entry.group].compactMap(\.self) {
            log.add("found '\(name)' as an owner, expected a number", at: node)
        }
        switch entry.content {
        case .metadata: log.add("found 'metadata', expected it in a definition only", at: node)
        case .source(let path): entry.content = .source(path.hasPrefix("/") ? path : "\(directory)/\(path)")
        case .directory, .symbolicLink, .text: break
        }
        return .some(isMeant(reader) ? PackageRecipe.File(entry: entry, maker: maker) : nil)
    }

    // MARK: Steps

    /// - Returns: nothing inside when it is for others.
    private func step(_ node: Node) -> PackageRecipe.Step?? {
        let verbs = PackageRecipe.Step.Verb.allCases
        let known = verbs.map(\.rawValue) + ["to", "arch", "tag"]
        guard let reader = MappingReader(node, known: known, log: log) else { return .none }
        let given = verbs.filter { reader.has($0.rawValue) }
        guard given.count == 1, let verb = given.first, let subject = reader[verb.rawValue] else {
            log.add("found \(given.count) of \(verbs.map(\.rawValue).joined(separator: ", ")), expected one", at: node)
            return .none
        }
        guard verb == .depmod || reader.has("to") else {
            log.add("found no 'to', expected where it goes", at: node)
            return .none
        }
        let target = reader.string("to").map { BytePath($0) }
        if let target, target.components?.isEmpty ?? true {
            log.add("found '\(target)', expected a path in the root", at: reader["to"]!)
        }
        guard let pattern = self.pattern(subject) else { return .none }
        guard isMeant(reader) else { return .some(nil) }
        return PackageRecipe.Step(verb: verb, pattern: pattern, target: target ?? "", place: place(of: node))
    }

    // MARK: Configuration

    private func configuration(_ node: Node) -> ImageConfiguration {
        var configuration = ImageConfiguration()
        let known = ["entrypoint", "cmd", "env", "cwd", "labels", "settings"]
        guard let reader = MappingReader(node, known: known, log: log) else { return configuration }
        configuration.entryPoint = reader.strings("entrypoint") ?? []
        configuration.command = reader.strings("cmd") ?? []
        configuration.environment = reader.strings("env") ?? []
        configuration.workingDirectory = reader.string("cwd") ?? ""
        configuration.labels = reader.mapping("labels", of: "names to texts") { log.string($0) } ?? [:]
        // As the builder will read it, so that what is wrong is found where it was written.
        if let settings = reader["settings"],
            let label = MappingReader(settings, known: ContainerSettingsReader.keys, log: log)
        {
            _ = ContainerSettingsReader(log: log).settings(label)
            configuration.labels[ImageConfiguration.settingsLabel] = String(
                decoding: settings.value.yaml,
                as: UTF8.self
            )
        }
        return configuration
    }

    private func place(of node: Node) -> SourcePlace {
        SourcePlace(path: log.path, line: node.mark.line, column: node.mark.column)
    }
}

extension Architecture {
    /// Debian's name of the directories that libraries lie in.
    var multiarch: String {
        switch self {
        case .amd64: "x86_64-linux-gnu"
        case .arm64: "aarch64-linux-gnu"
        case .riscv64: "riscv64-linux-gnu"
        default: "\(rawValue)-linux-gnu"
        }
    }
}
