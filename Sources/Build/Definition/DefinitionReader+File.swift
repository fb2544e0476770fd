import StrictYAML

/// `files:`.
extension DefinitionReader {
    private static let keys = [
        "path", "directory", "symlink", "contents", "source", "metadata", "optional", "mode", "uid", "gid",
    ]

    func file(_ node: Node) -> FileEntry? {
        guard let reader = MappingReader(node, known: Self.keys, log: log) else { return nil }
        let path = reader.required("path", "where the file goes").flatMap(path)
        let content = content(reader)
        let mode = reader["mode"].flatMap { $0.scalar?.isEmptyText == true ? nil : log.octal($0) }
        let owner = reader["uid"].flatMap(log.user)
        let group = reader["gid"].flatMap(log.user)
        let isOptional = reader.bool("optional") ?? false
        guard let path, let content else { return nil }
        var file = FileEntry(path: path, content: content, place: place(of: node))
        file.isOptional = isOptional
        file.mode = mode
        file.pathText = reader["path"]?.verbatim ?? path
        file.modeText = reader["mode"]?.verbatim
        file.owner = owner
        file.group = group
        return file
    }

    /// Clean and relative: slashes at the front and the end and doubled ones go, `..` is refused.
    private func path(_ node: Node) -> String? {
        guard let text = log.string(node) else { return nil }
        // By bytes: a slash with a combining mark is one character, and a slash to Linux all the same.
        let parts = text.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }.filter { $0 != "." }
        guard !parts.isEmpty else {
            log.add("found '\(text)', expected a path", at: node)
            return nil
        }
        guard !parts.contains(".."), !text.utf8.contains(0) else {
            log.add("found '\(text)', expected a path that stays in the root, without '..'", at: node)
            return nil
        }
        return parts.joined(separator: "/")
    }

    private func content(_ reader: MappingReader) -> FileEntry.Content? {
        let isDirectory = reader.bool("directory") ?? false
        let target = reader.string("symlink")
        let text = reader.string("contents")
        let source = reader.string("source")
        let metadata: FileEntry.MetadataFormat? =
            reader["metadata"]?.scalar?.isEmptyText == true ? nil : reader.choice("metadata")
        var contents: [FileEntry.Content] = []
        if isDirectory { contents.append(.directory) }
        if let target, !target.isEmpty { contents.append(.symbolicLink(target: target)) }
        if let text { contents.append(.text(text)) }
        if let source, !source.isEmpty { contents.append(.source(source)) }
        if let metadata { contents.append(.metadata(metadata)) }
        guard contents.count == 1 else {
            let what = contents.isEmpty ? "none" : "\(contents.count)"
            log.add(
                "found \(what) of directory, symlink, contents, source and metadata, expected exactly one",
                at: reader.node
            )
            return nil
        }
        return contents[0]
    }
}

extension ProblemLog {
    /// A mode is text of octal digits: a number would be read in tens by some and in eights by others.
    func octal(_ node: Node) -> UInt16? {
        guard let text = string(node, "a mode of octal digits") else { return nil }
        guard let mode = UInt16(text, radix: 8), mode <= 0o7777, isNumber(text) else {
            add("found '\(text)', expected a mode of octal digits up to 7777", at: node)
            return nil
        }
        return mode
    }

    /// A number, or the name of an entry. Empty and `root` are 0, and numbers below 0 count from the highest, as in LinuxKit.
    func user(_ node: Node) -> UserReference? {
        guard case .scalar(let scalar) = node else {
            expected("a number, or the name of a container", at: node)
            return nil
        }
        let id = scalar.integer(as: Int32.self).map { UInt32(bitPattern: $0) } ?? scalar.integer(as: UInt32.self)
        switch scalar.type {
        case .integer:
            guard let id else {
                expected("a number up to \(UInt32.max)", at: node)
                return nil
            }
            return .number(id)
        case .any where id != nil: return id.map(UserReference.number)
        case .text, .any:
            return scalar.string.isEmpty || scalar.string == "root" ? .number(0) : .entry(scalar.string)
        default:
            expected("a number, or the name of a container", at: node)
            return nil
        }
    }
}

extension Node.Scalar {
    /// LinuxKit takes an empty text as if the key were not there.
    fileprivate var isEmptyText: Bool { string.isEmpty && (type == .text || type == .any) }
}

/// Digits alone: what `Int("+5")` takes, nobody writes.
func isNumber(_ text: some StringProtocol) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
}
