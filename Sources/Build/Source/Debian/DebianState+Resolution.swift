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
            sizes[package.digest] = stanza["Size"].flatMap { UInt64($0) }
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
    /// - Parameter observe: is told how much of them has come.
    /// - Returns: paths, in the order of `packages`.
    /// - Throws: `BuildError` when one can be had from neither.
    func files(
        of packages: [ResolvedPackage],
        observe: @escaping BuildObserver = { _ in }
    ) async throws -> [String] {
        let lock = try await lockState()
        defer { withExtendedLifetime(lock) {} }
        var pool = try PackagePool(directory: directory)
        let missing = packages.filter { !FileManager.default.fileExists(atPath: pool.path(of: $0.digest)) }
        if !missing.isEmpty { try await download(missing, into: &pool, observe) }
        return packages.map { pool.path(of: $0.digest) }
    }

    private func download(
        _ packages: [ResolvedPackage],
        into pool: inout PackagePool,
        _ observe: @escaping BuildObserver
    ) async throws {
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
        do {
            try await watching(packages, in: partial, observe) {
                try await apt("apt-get", ["download", "-q", "--"] + names, workingDirectory: partial)
            }
        } catch {
            forgetFreshness()
            throw error
        }
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

    /// Does something that downloads packages into a directory, and tells meanwhile how many bytes lie there: apt tells a
    /// terminal, and nobody else.
    private func watching(
        _ packages: [ResolvedPackage],
        in directory: String,
        _ observe: @escaping BuildObserver,
        _ body: () async throws -> Void
    ) async throws {
        let source = packages.count == 1 ? "1 Debian package" : "\(packages.count) Debian packages"
        let known = packages.compactMap { sizes[$0.digest] }
        let total = known.count == packages.count ? known.reduce(0, +) : nil
        observe(.pulling(source: source, received: 0, total: total))
        // Cancelled when this function is left.
        async let _: Void = Self.everyMoment {
            observe(.pulling(source: source, received: Self.size(ofFilesIn: directory), total: total))
        }
        try await body()
        observe(.ready(source: source, isCached: false))
    }

    private nonisolated static func everyMoment(_ body: @Sendable () -> Void) async {
        while (try? await Task.sleep(for: .milliseconds(200))) != nil { body() }
    }

    /// In bytes.
    private static func size(ofFilesIn directory: String) -> UInt64 {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.reduce(0) { sum, name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(directory)/\(name)")
            return sum + ((attributes?[.size] as? NSNumber)?.uint64Value ?? 0)
        }
    }

    /// Brings the lists up to date, once in the life of this process and unless they are fresh; without a network, those
    /// that are kept will do.
    private func refresh() async throws {
        do {
            var pool = try PackagePool(directory: directory)
            try await update(pool: &pool, for: .stable, acceptingFresh: true)
        } catch {
            let lists = (try? FileManager.default.contentsOfDirectory(atPath: directory + "/lists")) ?? []
            guard lists.contains(where: { $0.contains("_Packages") }) else { throw error }
            logger.warning("kept lists of Debian packages are used", metadata: ["reason": "\(error)"])
        }
    }
}
