import Foundation
import StrictYAML
import Vocabulary

/// Puts the root of a machine together, as LinuxKit does (`docs/images.md` names the differences): the kernel's modules, the
/// init images over one another, volumes, containers, files.
///
/// Only tables of contents are read, never the contents: what the files hold is taken when segments are written.
struct MachineRootBuilder {
    let definition: Definition
    let contents: any LayerContents
    /// Of everything that the build makes itself, in seconds since 1970.
    var modified = TreeEntry.standardTime

    private let tree: FileTree
    private var parts: [MachineRoot.Part] = [.boot]
    private var kernel: FileContent?
    private var commandLine = ""
    private var microcode: FileContent?
    private var kernelConfiguration: FileContent?
    private var volumes: [String: RuntimeSpecification.Volume] = [:]
    private var firstUses: [ImageReference: BytePath] = [:]

    init(definition: Definition, contents: any LayerContents, modified: Int64 = TreeEntry.standardTime) {
        self.definition = definition
        self.contents = contents
        self.modified = modified
        tree = FileTree(modified: modified)
    }

    /// - Throws: `DefinitionError` for what the definition says wrongly, `BuildError` for images that are not what they
    ///   have to be, and whatever `contents` throws.
    static func build(
        _ definition: Definition,
        contents: any LayerContents,
        modified: Int64 = TreeEntry.standardTime
    ) async throws -> MachineRoot {
        var builder = MachineRootBuilder(definition: definition, contents: contents, modified: modified)
        return try await builder.build()
    }

    private mutating func build() async throws -> MachineRoot {
        try await addKernel()
        try await addInit()
        try await addVolumes()
        try await add(definition.onboot, .onboot)
        try await add(definition.onshutdown, .onshutdown)
        try await add(definition.services, .services)
        try addFiles()
        var root = MachineRoot(
            parts: parts,
            entries: tree.entries,
            kernel: kernel,
            commandLine: commandLine,
            microcode: microcode
        )
        root.kernelConfiguration = kernelConfiguration
        return root
    }

    private mutating func begin(_ name: String) -> Int {
        parts.append(MachineRoot.Part(name: name))
        return parts.count - 1
    }

    private func tables(of image: ContainerImage) async throws -> [LayerTable] {
        var tables: [LayerTable] = []
        for layer in image.layers { tables.append(try await contents.table(of: layer)) }
        return tables
    }

    // MARK: Kernel

    private mutating func addKernel() async throws {
        guard let entry = definition.kernel, let reference = entry.image else { return }
        let files = try await KernelFiles(of: entry, in: tables(of: contents.image(reference)))
        guard let kernel = files.kernel else {
            throw DefinitionError(
                "found no file '\(entry.kernel)' in \(reference), expected the kernel there",
                at: entry.place
            )
        }
        self.kernel = kernel
        kernelConfiguration = files.configuration
        let written = entry.commandLine ?? ""
        // A block of YAML ends with a newline, which is no part of what the kernel gets.
        commandLine = String(written.reversed().drop { $0.isNewline }.reversed())
        microcode = files.microcode

        try putDirectory("boot", part: 0)
        try put("boot/cmdline", .file(FileContent(written)), 0o644, part: 0)
        try put("boot/kernel", .file(kernel), 0o644, part: 0)
        if let microcode { try put("boot/ucode.cpio", .file(microcode), 0o644, part: 0) }

        guard entry.hasArchive else { return }
        guard let modules = files.archive else {
            throw DefinitionError(
                "found no file '\(entry.archive)' in \(reference), expected the kernel's modules there, or `tar: none`",
                at: entry.place
            )
        }
        let part = begin("kernel")
        let unpacked = FileTree(modified: modified)
        let table = try await contents.table(of: modules, named: "\(entry.archive) of \(reference)")
        for entry in table.entries { try unpacked.put(entry, part: part) }
        try tree.graft(unpacked, part: part)
    }

    // MARK: init

    private mutating func addInit() async throws {
        guard !definition.initImages.isEmpty else { return }
        let part = begin("init")
        var packages: [FileContent] = []
        for entry in definition.initImages {
            let layers = try await tables(of: contents.image(entry.image))
            let root = try ContainerRoot.tree(of: layers, for: .machine, modified: modified)
            if let database = try root.content(Self.packageDatabase) { packages.append(database) }
            try tree.graft(root, part: part)
        }
        guard packages.count > 1 else { return }
        var all: [UInt8] = []
        for database in packages { all += try await contents.bytes(of: database, limit: 16 << 20) }
        try put(Self.packageDatabase, .file(FileContent(all)), 0o644, part: part)
    }

    /// Alpine's list of what is installed: of several init images together it is the lists of all.
    private static let packageDatabase: BytePath = "lib/apk/db/installed"

    // MARK: Volumes

    private mutating func addVolumes() async throws {
        for volume in definition.volumes {
            let path = "containers/volumes/\(volume.name)"
            let part = begin("volumes/\(volume.name)")
            volumes[volume.name] = RuntimeSpecification.Volume(path: "/\(path)/merged", isReadOnly: volume.isReadOnly)
            for directory in ["", "/lower", "/tmp", "/merged"] {
                try putDirectory(BytePath(path + directory), part: part)
            }
            guard let reference = volume.image else { continue }
            let image = try await contents.image(reference)
            if volume.format == .oci {
                let layout = try LayoutVolume(image, of: volume, modified: modified)
                for entry in layout.entries(in: BytePath(path + "/lower")) { try tree.put(entry, part: part) }
                continue
            }
            let layers = try await tables(of: image)
            let root = try ContainerRoot.tree(of: layers, for: .machine, modified: modified)
            try tree.graft(root, at: BytePath(path + "/lower"), part: part)
        }
    }

    // MARK: Containers

    private mutating func add(_ entries: [ContainerEntry], _ section: ContainerFiles.Section) async throws {
        for (index, entry) in entries.enumerated() {
            let path = ContainerFiles.directory(section, index: index, name: entry.name)
            let part = begin(String(path.dropFirst("containers/".count)))
            try await add(entry, of: section, at: BytePath(path), part: part)
        }
    }

    private mutating func add(
        _ entry: ContainerEntry,
        of section: ContainerFiles.Section,
        at directory: BytePath,
        part: Int
    ) async throws {
        let image = try await contents.image(entry.image)
        let label = try image.configuration.labels[ImageConfiguration.settingsLabel].map {
            try ContainerSettings(label: $0, of: entry.image)
        }
        let settings = entry.settings.over(label ?? ContainerSettings())
        let specification = RuntimeSpecification(
            settings: settings,
            configuration: image.configuration,
            identifiers: definition.identifiers,
            volumes: volumes,
            place: entry.place
        )
        let files = ContainerFiles(directory: directory, shared: firstUses[entry.image], specification: specification)
        try putDirectory(directory, part: part)
        if files.shared == nil {
            let root = ContainerFiles.root(in: directory, isReadOnly: specification.isReadOnly)
            firstUses[entry.image] = root
            try putDirectory(root, part: part)
            let flat = try await ContainerRoot.tree(of: tables(of: image), for: .container, modified: modified)
            try tree.graft(flat, at: root, part: part)
        }
        try put(directory.appending("config.json"), .file(FileContent(specification.json().bytes)), 0o644, part: part)
        try put(directory.appending("runtime.json"), .file(FileContent(files.runtime.bytes)), 0o644, part: part)
        if let supervision = settings.supervision?.limited(to: section).json {
            try put(directory.appending("muster.json"), .file(FileContent(supervision.bytes)), 0o644, part: part)
        }
        try putDirectory(directory.appending("rootfs"), part: part)
        if !specification.isReadOnly { try putDirectory(directory.appending("tmp"), part: part) }
    }

    // MARK: Putting

    /// A directory that is there already stays as it is.
    func putDirectory(_ path: BytePath, part: Int, permissions: UInt16 = 0o755) throws {
        let entry = TreeEntry(path: path, kind: .directory, permissions: permissions, modified: modified)
        try tree.put(entry, part: part, keepsDirectory: true)
    }

    func put(_ path: BytePath, _ kind: TreeEntry.Kind, _ permissions: UInt16, part: Int) throws {
        try tree.put(TreeEntry(path: path, kind: kind, permissions: permissions, modified: modified), part: part)
    }

    // MARK: Files

    private mutating func addFiles() throws {
        guard !definition.files.isEmpty else { return }
        let part = begin("files")
        let identifiers = definition.identifiers
        func number(_ user: UserReference?) -> UInt32 {
            switch user {
            case nil: 0
            case .number(let number): number
            case .entry(let name): identifiers[name]!
            }
        }
        for file in definition.files {
            guard let kind = try kind(of: file) else { continue }
            let isDirectory = file.content == .directory
            let mode = file.mode ?? (isDirectory ? 0o700 : 0o600)
            let owner = number(file.owner)
            let group = number(file.group)
            try putParents(of: file.path, mode: mode, owner: owner, group: group, part: part)
            let entry = TreeEntry(
                path: BytePath(file.path),
                kind: kind,
                permissions: kind.isLink ? 0o777 : mode,
                owner: owner,
                group: group,
                modified: modified
            )
            try tree.put(entry, part: part, keepsDirectory: true)
        }
    }

    /// Directories on the way to a file, which may be searched by whoever may read or write it.
    private func putParents(of path: String, mode: UInt16, owner: UInt32, group: UInt32, part: Int) throws {
        let permissions = mode | (mode & 0o444) >> 2 | (mode & 0o222) >> 1
        let components = path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
        for count in 1..<max(1, components.count) {
            let parent = BytePath(components.prefix(count).joined(separator: "/"))
            guard try tree.directory(parent) == nil else { continue }
            let entry = TreeEntry(
                path: parent,
                kind: .directory,
                permissions: permissions,
                owner: owner,
                group: group,
                modified: modified
            )
            try tree.put(entry, part: part, keepsDirectory: true)
        }
    }

    /// nil for an optional file that is not there.
    private func kind(of file: FileEntry) throws -> TreeEntry.Kind? {
        switch file.content {
        case .directory: return .directory
        case .symbolicLink(let target): return .symbolicLink(target: BytePath(target))
        case .text(let text): return .file(FileContent(text))
        case .metadata(let format): return .file(FileContent(definition.metadata(format)))
        case .source(let source):
            do {
                return .file(try contents.hostFile(source))
            } catch {
                guard !file.isOptional else { return nil }
                throw DefinitionError("found the source '\(source)', which cannot be read: \(error)", at: file.place)
            }
        }
    }
}

extension TreeEntry.Kind {
    var isLink: Bool { if case .symbolicLink = self { true } else { false } }
}

extension FileTree {
    /// What a regular file holds, links to it followed; nil when there is none.
    func content(_ path: BytePath, links: Int = 0) throws(BuildError) -> FileContent? {
        guard let node = try find(path) else { return nil }
        switch node.inode.entry.kind {
        case .file(let content): return content
        case .symbolicLink(let target) where links < 40:
            if target.bytes.first == UInt8(ascii: "/") { return try content(target, links: links + 1) }
            let parent = path.bytes.lastIndex(of: UInt8(ascii: "/")).map { BytePath(path.bytes[..<$0]) } ?? ""
            return try content(parent.appending(target), links: links + 1)
        default: return nil
        }
    }
}
