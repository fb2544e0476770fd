import Foundation
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// What a recipe does with the files that it kept.
struct PackageSteps {
    let spool: PackageSpool
    /// An empty directory, for programs that work on files.
    let scratch: String
    /// Of what is made here, in seconds since 1970.
    let modified: Int64

    func perform(_ steps: [PackageRecipe.Step], on kept: inout KeptFiles) async throws {
        for step in steps {
            let matching = kept.entries.values.filter { step.pattern.matches($0.path) }.sorted { $0.path < $1.path }
            guard !matching.isEmpty else {
                throw DefinitionError("found nothing that '\(step.pattern)' matches, expected files", at: step.place)
            }
            switch step.verb {
            case .depmod: try await depmod(matching, step, &kept)
            case .move: try move(matching, step, &kept)
            case .join: try join(matching, step, &kept)
            case .cpio, .tar:
                let (content, sorted) = (try archive(matching, step), matching)
                for entry in sorted { kept.remove(entry.path) }
                put(content, at: step.target, &kept)
            }
        }
    }

    private func put(_ content: FileContent, at path: BytePath, _ kept: inout KeptFiles) {
        kept.put(TreeEntry(path: path, kind: .file(content), permissions: 0o644, modified: modified))
    }

    // MARK: Files

    private func move(_ matching: [TreeEntry], _ step: PackageRecipe.Step, _ kept: inout KeptFiles) throws {
        guard matching.count == 1, var entry = matching.first, entry.kind != .directory else {
            let names = matching.prefix(5).map { "\($0.path)" }.joined(separator: ", ")
            throw DefinitionError(
                "found \(matching.count) for '\(step.pattern)', expected one file: \(names)",
                at: step.place
            )
        }
        kept.remove(entry.path)
        entry.path = step.target
        kept.put(entry)
    }

    private func join(_ matching: [TreeEntry], _ step: PackageRecipe.Step, _ kept: inout KeptFiles) throws {
        let writer = spool.writer(named: "\(step.target)")
        var pieces: [FileContent] = []
        for entry in matching {
            kept.remove(entry.path)
            if case .file(let content) = entry.kind { pieces.append(content) }
        }
        // One content at a time is written, so reading comes first.
        for piece in pieces { try spool.bytes(of: piece).withUnsafeBytes { try writer.write($0) } }
        put(writer.content, at: step.target, &kept)
    }

    // MARK: Archives

    private func archive(_ matching: [TreeEntry], _ step: PackageRecipe.Step) throws -> FileContent {
        var files = KeptFiles()
        for entry in matching { files.put(entry) }
        let entries = try files.sorted()
        let writer = spool.writer(named: "\(step.target)")
        if step.verb == .tar {
            let tar = TarWriter { try writer.write($0) }
            for entry in entries { try tar.append(entry) { emit in try read(entry, emit) } }
            try tar.finish()
            return writer.content
        }
        var cpio = NewcWriter { span in try span.withUnsafeBytes { try writer.write($0) } }
        for entry in entries {
            switch entry.kind {
            case .directory: try cpio.append(entry.newc(.directory))
            case .symbolicLink(let target): try cpio.append(entry.newc(.symbolicLink(target: target)))
            case .file(let content):
                let bytes = try spool.bytes(of: content)
                try cpio.append(entry.newc(.file(size: content.size)), data: bytes)
            default:
                throw DefinitionError("found \(entry.path), expected files, directories and links only", at: step.place)
            }
        }
        try cpio.finish()
        return writer.content
    }

    private func read(_ entry: TreeEntry, _ emit: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard case .file(let content) = entry.kind else { return }
        try spool.read(content, emit)
    }

    // MARK: Modules

    /// depmod(8) works on a directory: the modules are written into one, and what it made of them is read back.
    private func depmod(_ matching: [TreeEntry], _ step: PackageRecipe.Step, _ kept: inout KeptFiles) async throws {
        let versions = try writeModules(matching, depth: step.pattern.description.split(separator: "/").count)
        for version in versions { try await HostProgram.run("/sbin/depmod", ["-b", scratch, version]) }
        for version in versions { try takeIndexes(of: version, step, &kept) }
    }

    /// - Parameter depth: how many parts of their paths are in front of the kernel's version.
    /// - Returns: the versions of the kernels that they are of.
    private func writeModules(_ matching: [TreeEntry], depth: Int) throws -> [String] {
        var versions: Set<String> = []
        for entry in matching {
            guard case .file(let content) = entry.kind else { continue }
            let parts = entry.path.bytes.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
            guard parts.count > depth + 1 else { continue }
            versions.insert(parts[depth])
            let path = "\(scratch)/lib/modules/" + parts[depth...].joined(separator: "/")
            try FileManager.default.createDirectory(
                atPath: String(path[..<path.lastIndex(of: "/")!]),
                withIntermediateDirectories: true
            )
            let file = try POSIXFile(path, flags: O_WRONLY | O_CREAT | O_EXCL)
            try spool.read(content) { try file.write($0) }
        }
        return versions.sorted()
    }

    private func takeIndexes(of version: String, _ step: PackageRecipe.Step, _ kept: inout KeptFiles) throws {
        let made = "\(scratch)/lib/modules/\(version)"
        for name in try FileManager.default.contentsOfDirectory(atPath: made).sorted() where name.hasPrefix("modules.")
        {
            let path = BytePath("\(step.pattern)/\(version)/\(name)")
            guard !kept.holds(path), let bytes = FileManager.default.contents(atPath: "\(made)/\(name)") else {
                continue
            }
            put(try spool.store(Array(bytes), named: name), at: path, &kept)
        }
    }
}

extension TreeEntry {
    fileprivate func newc(_ kind: NewcEntry.Kind) -> NewcEntry {
        NewcEntry(
            path: path,
            kind: kind,
            permissions: permissions,
            owner: owner,
            group: group,
            modified: UInt32(clamping: modified)
        )
    }
}
