import Foundation
import Vocabulary

/// What packages need, by apt's own reckoning, and their files.
extension DebianState {
    /// The packages and all that they depend on, as a system without any would install them; recommendations are left out.
    ///
    /// - Returns: in apt's order: what is depended on comes first.
    /// - Throws: `BuildError` when there is no such package or what they need excludes one another.
    func resolve(_ names: [String], architecture: Architecture) async throws -> [ResolvedPackage] {
        let lock = try await lockState()
        defer { withExtendedLifetime(lock) {} }
        try await refresh()
        let native = ["-o", "APT::Architecture=\(architecture)"]
        let plan = try await apt("apt-get", ["install", "--simulate", "-qq"] + native + ["--"] + names)
        let wanted = ResolvedPackage.installed(inSimulation: plan)
        let shown = try await apt(
            "apt-cache",
            ["show", "-q"] + native + ["--"] + wanted.map { "\($0.name)=\($0.version)" }
        )
        var found: [String: ResolvedPackage] = [:]
        for stanza in PackageDatabases.stanzas(Array(shown.utf8)) {
            guard let package = ResolvedPackage(stanza: stanza) else { continue }
            for name in [package.name, "\(package.name):\(package.architecture)"] {
                found["\(name)=\(package.version)"] = package
            }
        }
        return try wanted.map { name, version in
            guard let package = found["\(name)=\(version)"] else {
                throw BuildError(
                    .unavailable,
                    "apt-cache shows nothing of \(name) \(version), which apt-get would install"
                )
            }
            return package
        }
    }

    /// The files of packages, from the pool, or else from the mirror; each has the digest that it should have.
    ///
    /// - Returns: paths, in the order of `packages`.
    /// - Throws: `BuildError` when one can be had from neither.
    func files(of packages: [ResolvedPackage]) async throws -> [String] {
        let lock = try await lockState()
        defer { withExtendedLifetime(lock) {} }
        var pool = try PackagePool(directory: directory)
        let missing = packages.filter { !FileManager.default.fileExists(atPath: pool.path(of: $0.digest)) }
        if !missing.isEmpty { try await download(missing, into: &pool) }
        return packages.map { pool.path(of: $0.digest) }
    }

    private func download(_ packages: [ResolvedPackage], into pool: inout PackagePool) async throws {
        try await refresh()
        let partial = directory + "/partial"
        try? FileManager.default.removeItem(atPath: partial)
        try FileManager.default.createDirectory(atPath: partial, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: partial) }
        let names = packages.map { package in
            // Packages for every architecture stand in each one's index, under its name.
            let suffix = package.architecture == "all" ? "" : ":\(package.architecture)"
            return "\(package.name)\(suffix)=\(package.version)"
        }
        logger.notice("fetching Debian packages", metadata: ["packages": "\(names.joined(separator: " "))"])
        try await apt("apt-get", ["download", "-q", "--"] + names, workingDirectory: partial)
        var kept: Set<Digest> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: partial) where file.hasSuffix(".deb") {
            kept.insert(try pool.keep("\(partial)/\(file)"))
        }
        for package in packages where !kept.contains(package.digest) {
            throw BuildError(
                .corrupt,
                "\(package.name) \(package.version) for \(package.architecture) is not what it should be: the mirror has "
                    + "another file than \(package.digest)"
            )
        }
    }

    /// Brings the lists up to date, once in the life of this process; without a network, those that are kept will do.
    private func refresh() async throws {
        do {
            var pool = try PackagePool(directory: directory)
            try await update(pool: &pool, for: .stable)
        } catch {
            let lists = (try? FileManager.default.contentsOfDirectory(atPath: directory + "/lists")) ?? []
            guard lists.contains(where: { $0.contains("_Packages") }) else { throw error }
            logger.warning("kept lists of Debian packages are used", metadata: ["reason": "\(error)"])
        }
    }
}
