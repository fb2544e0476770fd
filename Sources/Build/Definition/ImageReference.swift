import Vocabulary

/// The name of a container image: a Docker reference, or a place on this host with one of skopeo's transports.
///
/// As in Docker, `alpine` is `docker.io/library/alpine` and `linuxkit/init:x` is `docker.io/linuxkit/init:x`; a first part
/// with a dot or a colon, or `localhost`, names a registry. Unlike in Docker no `:latest` is added: the name is looked
/// up as it stands (linuxkit.md 1.7), and a registry is asked for `latest` when there is neither tag nor digest.
public enum ImageReference: Hashable, Sendable {
    /// An image of a registry, or of the cache under that name.
    case docker(DockerReference)
    /// `oci:DIR[:NAME]`: an OCI image layout.
    case layout(path: String, name: String?)
    /// `oci-archive:FILE[:NAME]`: the same in a tar file.
    case layoutArchive(path: String, name: String?)
    /// `docker-archive:FILE[:NAME]`: what `docker save` writes.
    case dockerArchive(path: String, name: String?)
    /// `dir:DIR`: what `skopeo copy … dir:` writes.
    case directory(path: String)
}

/// `registry/repository[:tag][@digest]`, whole.
public struct DockerReference: Hashable, Sendable {
    /// `docker.io`, `localhost:5000` …
    public var registry: String
    /// `library/alpine` …
    public var repository: String
    public var tag: String?
    public var digest: Digest?

    public init(registry: String, repository: String, tag: String? = nil, digest: Digest? = nil) {
        self.registry = registry
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }
}

extension DockerReference {
    /// What images are called that were made on this host: no registry, unless there is a port after it.
    public static let localRegistry = "localhost"
}

extension DockerReference: CustomStringConvertible {
    public var description: String {
        "\(registry)/\(repository)" + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }
}

extension DockerReference {
    /// Of a repository, and of a registry, in bytes.
    private static let longestName = 255
    private static let longestTag = 128

    /// - Returns: nil when `text` is no reference.
    public init?(_ text: some StringProtocol) {
        var rest = Substring(text)
        var digest: Digest?
        if let at = rest.firstIndex(of: "@") {
            digest = Digest(String(rest[rest.index(after: at)...]))
            guard digest != nil else { return nil }
            rest = rest[..<at]
        }
        var tag: String?
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            tag = String(rest[rest.index(after: colon)...])
            guard Self.isTag(tag!) else { return nil }
            rest = rest[..<colon]
        }
        var registry = "docker.io"
        if let slash = rest.firstIndex(of: "/") {
            let first = rest[..<slash]
            // As in Docker, a part that is no repository's is a registry: repositories have no capital letters.
            if first.contains(".") || first.contains(":") || first == "localhost"
                || first.contains(where: \.isUppercase)
            {
                guard Self.isRegistry(first) else { return nil }
                registry = first == "index.docker.io" ? "docker.io" : String(first)
                rest = rest[rest.index(after: slash)...]
            }
        }
        let isOfficial = registry == "docker.io" && !rest.contains("/")
        let repository = isOfficial ? "library/\(rest)" : String(rest)
        guard Self.isRepository(repository), repository.utf8.count <= Self.longestName,
            registry.utf8.count <= Self.longestName
        else {
            return nil
        }
        self.init(registry: registry, repository: repository, tag: tag, digest: digest)
    }

    /// A host name or an address, and perhaps a port.
    private static func isRegistry(_ text: Substring) -> Bool {
        let host: Substring
        var port: Substring?
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return false }
            if !rest.isEmpty { port = rest.dropFirst() }
            guard !host.isEmpty, host.utf8.allSatisfy({ isHexadecimal($0) || $0 == UInt8(ascii: ":") }) else {
                return false
            }
        } else {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            host = parts[0]
            port = parts.count == 2 ? parts[1] : nil
            let labels = host.split(separator: ".", omittingEmptySubsequences: false)
            guard labels.allSatisfy({ isLabel($0) }) else { return false }
        }
        return port.map { isNumber($0) && UInt16($0).map { $0 > 0 } ?? false } ?? true
    }

    private static func isLabel(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    /// Parts of small letters and digits, with `.`, `_`, `__` or hyphens between them (distribution specification).
    private static func isRepository(_ text: String) -> Bool {
        text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.utf8.first, let last = part.utf8.last, isSmall(first), isSmall(last) else {
                return false
            }
            let separators = part.utf8.split(omittingEmptySubsequences: true, whereSeparator: isSmall)
            return separators.allSatisfy { separator in
                let text = String(decoding: separator, as: UTF8.self)
                return text == "." || text == "_" || text == "__" || text.allSatisfy { $0 == "-" }
            }
        }
    }

    private static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= longestTag else { return false }
        return (isAlphanumeric(first) || first == UInt8(ascii: "_"))
            && text.utf8.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
    }

    private static func isSmall(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool { isSmall(byte) || (0x41...0x5a).contains(byte) }
    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte)
    }
}

extension ImageReference: CustomStringConvertible {
    public var description: String {
        func with(_ name: String?) -> String { name.map { ":\($0)" } ?? "" }
        return switch self {
        case .docker(let reference): reference.description
        case .layout(let path, let name): "oci:\(path)\(with(name))"
        case .layoutArchive(let path, let name): "oci-archive:\(path)\(with(name))"
        case .dockerArchive(let path, let name): "docker-archive:\(path)\(with(name))"
        case .directory(let path): "dir:\(path)"
        }
    }

    /// - Returns: nil when `text` is no reference.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        guard let colon = text.firstIndex(of: ":") else {
            guard let reference = DockerReference(text) else { return nil }
            self = .docker(reference)
            return
        }
        let rest = text[text.index(after: colon)...]
        let parts = rest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let path = parts[0]
        let name = parts.count == 2 && !parts[1].isEmpty ? parts[1] : nil
        switch text[..<colon] {
        case "oci" where !path.isEmpty: self = .layout(path: path, name: name)
        case "oci-archive" where !path.isEmpty: self = .layoutArchive(path: path, name: name)
        case "docker-archive" where !path.isEmpty: self = .dockerArchive(path: path, name: name)
        case "dir" where !rest.isEmpty: self = .directory(path: String(rest))
        case "docker" where rest.hasPrefix("//"):
            guard let reference = DockerReference(rest.dropFirst(2)) else { return nil }
            self = .docker(reference)
        default:
            guard let reference = DockerReference(text) else { return nil }
            self = .docker(reference)
        }
    }
}
