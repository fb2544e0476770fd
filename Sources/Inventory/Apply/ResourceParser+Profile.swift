internal import StrictYAML
import Vocabulary

extension ResourceParser {
    func profile(_ node: Node) -> Profile? {
        let keys = [
            "kind", "name", "image", "definitions", "root", "prebuild", "kernelArgs", "vars", "values", "files",
            "secrets",
            "adopt",
            "health", "settle", "rollout",
        ]
        guard let reader = MappingReader(node, known: keys, log: log) else { return nil }
        guard let name = name(reader), let image = image(reader) else { return nil }
        var profile = Profile(name: name, image: image)
        profile.definitions = definitions(reader, of: image)
        profile.root = root(reader, of: image)
        profile.prebuild = reader.bool("prebuild") ?? false
        profile.kernelArgs = kernelArgs(reader)
        profile.vars = reader["vars"].flatMap(variables) ?? [:]
        profile.values = reader.anything("values") ?? [:]
        profile.files = reader.list("files", of: "files", file) ?? []
        profile.secrets = reader.mapping("secrets", of: "names to where they are", secret) ?? [:]
        profile.adopt = reader.choice("adopt") ?? .roll
        profile.settle = reader.value("settle", Self.timeSpan) { TimeSpan($0) } ?? Profile.defaultSettle
        if let health = reader["health"] { profile.health = self.health(health, settle: &profile.settle) }
        if let rollout = reader["rollout"] { profile.rollout = self.rollout(rollout) ?? RolloutOptions() }
        return profile
    }

    private func variables(_ node: Node) -> [String: String]? {
        if case .mapping(let mapping) = node {
            for (key, _) in mapping {
                guard let name = key.verbatim, !name.isEmpty, isPrintable(name), !VariableName.isValid(name) else {
                    continue
                }
                log.expected(VariableName.expectation, at: key)
            }
        }
        return log.mapping(node, of: "names to text") { log.scalar($0, "text") { $0 } }
    }

    static let timeSpan = "a time such as 30s or 10m"

    /// Definitions end in `.yml` or `.yaml` and lie beside the file; anything else names an image.
    private func image(_ reader: MappingReader) -> Profile.Image? {
        let expected = "an image's name or digest, or LinuxKit YAML files"
        guard let node = reader.required("image", expected) else { return nil }
        guard case .sequence(let sequence) = node else {
            return log.scalar(node, expected) { text in
                if let path = path(text) { return .definitions([path]) }
                let isName = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }
                return isName ? .reference(text) : nil
            }
        }
        guard !sequence.isEmpty else {
            log.expected("at least one file", at: node)
            return nil
        }
        return .definitions(sequence.compactMap { log.scalar($0, "the path of a .yml file", path) })
    }

    /// A definition's path, made relative to what the file's own path is relative to; nil for what names none.
    private func path(_ text: String) -> String? {
        guard ResourceFile.isYAML(text), isPrintable(text) else { return nil }
        guard !text.hasPrefix("/"), let slash = log.path.lastIndex(of: "/") else { return text }
        return log.path[...slash] + text
    }

    /// Definitions whose texts stand in the profile itself.
    private func definitions(_ reader: MappingReader, of image: Profile.Image) -> [String: String] {
        guard let node = reader["definitions"] else { return [:] }
        guard case .mapping(let mapping) = node, case .definitions(let paths) = image else {
            log.expected("a mapping of the files in image: to their texts", at: node)
            return [:]
        }
        var texts: [String: String] = [:]
        for (key, value) in mapping {
            guard let name = key.verbatim.flatMap(path), paths.contains(name) else {
                log.expected("one of the files in image:", at: key)
                continue
            }
            texts[name] = log.scalar(value, "the text of a definition") { $0 }
        }
        return texts
    }

    /// What a kernel takes (COMMAND_LINE_SIZE of x86, its final NUL included) and what of that every boot carries.
    static let commandLineLimit = 2048
    static let reservedCommandLine = 192

    private func kernelArgs(_ reader: MappingReader) -> [String] {
        let arguments = reader.list("kernelArgs", of: "kernel arguments") { node in
            log.scalar(node, "a kernel argument") { isPrintable($0) && !$0.isEmpty ? $0 : nil }
        }
        guard let arguments, let node = reader["kernelArgs"] else { return [] }
        let length = arguments.reduce(0) { $0 + $1.utf8.count + 1 }
        let limit = Self.commandLineLimit - Self.reservedCommandLine
        if length > limit {
            log.add(
                "found \(length) bytes of kernel arguments, expected at most \(limit): a kernel's command line ends "
                    + "after \(Self.commandLineLimit), of which every boot carries up to \(Self.reservedCommandLine)",
                at: node
            )
        }
        return arguments
    }

    private func root(_ reader: MappingReader, of image: Profile.Image) -> RootType? {
        guard let node = reader["root"], let type: RootType = reader.choice("root") else { return nil }
        guard case .definitions = image else {
            log.add("found a root for an image that is not built here, expected it beside `image: FILE.yml`", at: node)
            return nil
        }
        return type
    }

    private func file(_ node: Node) -> Profile.File? {
        guard let reader = MappingReader(node, known: ["path", "template", "mode"], log: log) else { return nil }
        let expected = "a path below the root, without '..' and without a slash in front"
        let path: String? = reader.required("path", expected).flatMap { node in
            log.scalar(node, expected) { text in
                let parts = text.split(separator: "/", omittingEmptySubsequences: false)
                return isPrintable(text) && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." } ? text : nil
            }
        }
        let template: String? = reader.required("template", "text").flatMap { log.scalar($0, "text") { $0 } }
        let mode = reader.value("mode", "permission bits such as \"0644\"") { text -> UInt16? in
            let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
            return UInt16(digits, radix: 8).flatMap { $0 <= 0o7777 ? $0 : nil }
        }
        guard let path, let template else { return nil }
        return Profile.File(path: path, template: template, mode: mode ?? 0o644)
    }

    private func secret(_ node: Node) -> SecretReference? {
        let expected = "env:NAME, file:/path or {command: [program, argument …]}"
        guard case .mapping = node else { return log.scalar(node, expected) { SecretReference($0) } }
        guard let reader = MappingReader(node, known: ["command"], log: log) else { return nil }
        let arguments = reader.list("command", of: "a program and its arguments") { log.scalar($0, "text") { $0 } }
        guard let arguments, arguments.first?.isEmpty == false else {
            log.expected(expected, at: node)
            return nil
        }
        return .command(arguments)
    }

    // MARK: Health

    private func health(_ node: Node, settle: inout TimeSpan) -> Health? {
        let expected = "agent, fetched, {http: …} or {tcp: …}"
        func plain(_ text: String) -> Health? { text == "agent" ? .agent : text == "fetched" ? .fetched : nil }
        guard case .mapping = node else { return log.scalar(node, expected, plain) }
        guard let reader = MappingReader(node, known: ["agent", "fetched", "http", "tcp", "settle"], log: log) else {
            return nil
        }
        settle = reader.value("settle", Self.timeSpan) { TimeSpan($0) } ?? settle
        let kinds = ["agent", "fetched", "http", "tcp"].filter(reader.has)
        guard kinds.count == 1, let value = reader[kinds[0]] else {
            log.expected("exactly one of agent, fetched, http and tcp", at: node)
            return nil
        }
        switch kinds[0] {
        case "http": return probe(value).map(Health.http)
        case "tcp":
            if case .mapping = value {
                return MappingReader(value, known: ["port"], log: log)?
                    .required("port", Self.port).flatMap(port).map(Health.tcp)
            }
            return port(value).map(Health.tcp)
        default:
            if case .mapping = value {
                let inner = MappingReader(value, known: ["settle"], log: log)
                settle = inner?.value("settle", Self.timeSpan) { TimeSpan($0) } ?? settle
            }
            return plain(kinds[0])
        }
    }

    private static let port = "a port, 1 to 65535"

    private func port(_ node: Node) -> UInt16? {
        log.scalar(node, Self.port) { text in
            UInt16(text.hasPrefix(":") ? text.dropFirst() : text[...]).flatMap { $0 > 0 ? $0 : nil }
        }
    }

    /// `/path`, `:8080/path`, `https://:8443/path`, or the parts by name.
    private func probe(_ node: Node) -> HTTPProbe? {
        guard case .mapping = node else {
            return log.scalar(node, "a path or port and path, such as :8080/healthz") { HTTPProbe($0) }
        }
        guard let reader = MappingReader(node, known: ["scheme", "port", "path"], log: log) else { return nil }
        let scheme: HTTPProbe.Scheme = reader.choice("scheme") ?? .http
        return HTTPProbe(
            scheme: scheme,
            port: reader["port"].flatMap(port) ?? (scheme == .http ? 80 : 443),
            path: reader.value("path", "a path such as /healthz") { $0.hasPrefix("/") && isPrintable($0) ? $0 : nil }
                ?? "/"
        )
    }
}
