import Foundation
import Vocabulary

/// Fetches the packages of a recipe, unpacks of them what is wanted, and adds what that needs.
struct PackageSelection {
    let recipe: PackageRecipe
    let resolved: [ResolvedPackage]
    let spool: PackageSpool
    let debian: DebianState
    /// No file is younger, in seconds since 1970.
    let epoch: Int64?
    /// The packages are those of a lock: all of them were needed when it was written.
    var isLocked = false
    /// Is told what is fetched.
    var observe: BuildObserver = { _ in }
    /// In the order of unpacking.
    private(set) var unpacked: [UnpackedPackage] = []

    init(recipe: PackageRecipe, resolved: [ResolvedPackage], spool: PackageSpool, debian: DebianState, epoch: Int64?) {
        self.recipe = recipe
        self.resolved = resolved
        self.spool = spool
        self.debian = debian
        self.epoch = epoch
    }

    /// What the recipe keeps and puts there, and everything that this needs to run.
    mutating func files() async throws -> KeptFiles {
        var kept = KeptFiles()
        let chosen = try recipe.packages.map { try package(for: $0) }
        try await unpack(chosen)
        for (selection, package) in zip(recipe.packages, chosen) {
            guard let package = unpacked.first(where: { $0.package == package }) else { continue }
            try keep(selection, of: package, &kept)
        }
        let modules = unpacked
        let spool = spool
        kept = try await BlockingWork.run { [kept] _ in
            var kept = kept
            for package in modules { try ModuleClosure(spool: spool, package: package).close(&kept) }
            return kept
        }
        for file in recipe.files { try put(file, &kept) }
        try await close(&kept)
        return kept
    }

    // MARK: Choosing

    /// The package that a selection means.
    private func package(for selection: PackageRecipe.Selection) throws -> ResolvedPackage {
        if let pattern = selection.dependency {
            let found = resolved.filter { $0.name != selection.name && PathPattern.matches(pattern, $0.name.utf8) }
            guard found.count == 1 else {
                let names = found.map(\.name).joined(separator: ", ")
                throw DefinitionError(
                    "found \(found.isEmpty ? "none" : names) of '\(pattern)' among what \(selection.name) needs, expected one package",
                    at: selection.place
                )
            }
            return found[0]
        }
        guard let found = resolved.first(where: { $0.name == selection.name }) else {
            let reason = isLocked ? "the lock has no such package" : "apt installs none of that name"
            throw DefinitionError("found '\(selection.name)', expected a package: \(reason)", at: selection.place)
        }
        return found
    }

    private func keep(
        _ selection: PackageRecipe.Selection,
        of package: UnpackedPackage,
        _ kept: inout KeptFiles
    ) throws {
        for wanted in selection.keep {
            var isMatched = false
            for entry in package.entries.values.sorted(by: { $0.path < $1.path })
            where wanted.pattern.matches(entry.path) {
                isMatched = true
                if !selection.drop.contains(where: { $0.matches(entry.path) }) { try kept.keep(entry, of: package) }
            }
            guard isMatched else {
                throw DefinitionError(
                    "found nothing that '\(wanted.pattern)' matches in \(package.package.name) "
                        + "\(package.package.version), expected files",
                    at: wanted.place
                )
            }
        }
    }

    /// Puts one of the recipe's own files.
    private func put(_ file: PackageRecipe.File, _ kept: inout KeptFiles) throws {
        let entry = file.entry
        let kind: TreeEntry.Kind
        switch entry.content {
        case .directory: kind = .directory
        case .symbolicLink(let target): kind = .symbolicLink(target: BytePath(target))
        case .text(let text): kind = .file(try spool.store(Array(text.utf8), named: entry.path))
        case .source(let path):
            guard let bytes = FileManager.default.contents(atPath: path) else {
                if entry.isOptional { return }
                let hint = file.maker.map { ": `\($0)` makes it" } ?? ""
                throw DefinitionError(
                    "found no file \(path), expected what \(entry.path) holds\(hint)",
                    at: entry.place
                )
            }
            kind = .file(try spool.store(Array(bytes), named: entry.path))
        case .metadata: preconditionFailure("refused when the recipe was read")
        }
        var tree = TreeEntry(path: BytePath(entry.path), kind: kind, permissions: 0o755)
        switch kind {
        case .symbolicLink: tree.permissions = 0o777
        case .directory: tree.permissions = entry.mode ?? 0o755
        default: tree.permissions = entry.mode ?? 0o644
        }
        if case .number(let id)? = entry.owner { tree.owner = id }
        if case .number(let id)? = entry.group { tree.group = id }
        tree.modified = epoch ?? TreeEntry.standardTime
        kept.put(tree)
    }

    // MARK: Needs

    /// Adds what programs need. Packages are fetched as they are needed: what is used depends first of all on libraries.
    private mutating func close(_ kept: inout KeptFiles) async throws {
        var closure = LibraryClosure(architecture: recipe.architecture, spool: spool)
        if isLocked { try await unpack(resolved) }
        while true {
            let (before, packages) = (closure, unpacked)
            let result = try await BlockingWork.run { [kept] _ in
                var (closure, kept) = (before, kept)
                let missing = try closure.close(&kept, over: packages)
                return (closure, kept, missing)
            }
            closure = result.0
            kept = result.1
            guard !result.2.isEmpty else { return }
            let next = candidates(used: kept.used)
            guard !next.isEmpty else { throw refusal(result.2) }
            try await unpack(next)
        }
    }

    /// The packages to look into next.
    private func candidates(used: Set<ResolvedPackage>) -> [ResolvedPackage] {
        let known = Set(unpacked.map(\.package))
        let rest = resolved.filter { !known.contains($0) }
        let direct = Set(used.flatMap(\.dependencies))
        let libraries = rest.filter { direct.contains($0.name) && ($0.name.contains("lib")) }
        if !libraries.isEmpty { return libraries }
        let others = rest.filter { direct.contains($0.name) }
        return others.isEmpty ? rest : others
    }

    private func refusal(_ missing: [LibraryClosure.Missing]) -> BuildError {
        let names = Set(missing.map { "\($0.user) needs \($0.name)" }).sorted()
        let list = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? " and \(names.count - 8) more" : "")
        return BuildError(
            .notFound,
            "cannot make \(recipe.reference) for \(recipe.architecture): \(list), which is in none of its packages: name "
                + "the package that has it in the recipe, or keep less"
        )
    }

    // MARK: Unpacking

    private mutating func unpack(_ packages: [ResolvedPackage]) async throws {
        var todo: [ResolvedPackage] = []
        for package in packages where !todo.contains(package) && !unpacked.contains(where: { $0.package == package }) {
            todo.append(package)
        }
        guard !todo.isEmpty else { return }
        let paths: [String]
        do {
            paths = try await debian.files(of: todo, observe: observe)
        } catch let error as BuildError where isLocked {
            throw BuildError(
                error.code,
                "\(error.message): the lock wants what is neither kept here nor on the mirror; configure a mirror that has "
                    + "it (debian.mirror), or build without the lock"
            )
        }
        for (package, path) in zip(todo, paths) {
            let patterns = try recipe.packages.filter { try self.package(for: $0) == package }
                .flatMap { $0.keep.map(\.pattern) }
            let (spool, epoch) = (spool, epoch)
            unpacked.append(
                try await BlockingWork.run { cancellation in
                    try Self.unpack(package, path, patterns, spool, epoch, cancellation)
                }
            )
        }
    }

    private static func unpack(
        _ package: ResolvedPackage,
        _ path: String,
        _ patterns: [PathPattern],
        _ spool: PackageSpool,
        _ epoch: Int64?,
        _ cancellation: BlockingWork.Cancellation
    ) throws -> UnpackedPackage {
        let archive = try DebianArchive(path: path)
        let control = try archive.control()
        // Of a kernel every module: those that are kept may depend on any other.
        let modules = patterns.isEmpty ? nil : PathPattern("lib/modules/**/*.ko")
        let isWanted = { (path: BytePath) in
            LibraryClosure.mayNeed(path) || patterns.contains { $0.matches(path) } || modules?.matches(path) == true
        }
        var entries: [BytePath: TreeEntry] = [:]
        for var entry in try archive.entries(into: spool, where: isWanted, cancellation) {
            if let epoch { entry.modified = min(entry.modified, epoch) }
            entries[entry.path] = entry
        }
        return UnpackedPackage(package: package, control: control, entries: entries)
    }

    // MARK: The bill

    /// Writes what is installed where tools look for it in images without dpkg: `var/lib/dpkg/status.d`.
    func describe(_ used: [ResolvedPackage], in kept: inout KeptFiles, modified: Int64) throws {
        for package in used {
            guard let control = unpacked.first(where: { $0.package == package })?.control else { continue }
            let fields = ["Package", "Version", "Architecture", "Source"].compactMap { name in
                control[name].map { "\(name): \($0)\n" }
            }
            let content = try spool.store(Array(fields.joined().utf8), named: package.name)
            let path = BytePath("var/lib/dpkg/status.d/\(package.name)")
            kept.put(TreeEntry(path: path, kind: .file(content), permissions: 0o644, modified: modified))
        }
    }
}
