import Foundation
import Logging
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// One private apt under a directory of ours: its own sources, lists, cache and status, signatures checked with the
/// system's keyring, and the system's own apt untouched. Needs no privileges.
///
/// What was fetched stays in the pool, so that everything works without a network afterwards. An actor: one apt works
/// on the state at a time; a lock file keeps other processes out.
public actor DebianState {
    let directory: String
    private let mirror: String?
    let logger: Logger
    private let now: @Sendable () -> Date
    private var isUpToDate = false
    /// Of packages' files, as far as lists that were read told.
    var sizes: [Digest: UInt64] = [:]

    /// Lists that are younger, in seconds, are as good as new for whoever builds one image after the other.
    static let freshness: TimeInterval = 600

    /// - Parameters:
    ///   - directory: made when it is needed; `<data>/debian`.
    ///   - mirror: the URI of a Debian archive; nil for the mirrors that the system's own sources name.
    ///   - now: what the clock says.
    public init(
        directory: String,
        mirror: String? = nil,
        logger: Logger,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.directory = directory
        self.mirror = mirror
        self.logger = logger
        self.now = now
    }

    /// The packages, from the pool, or else from the mirror.
    ///
    /// - Parameter refresh: asks the mirror for newer versions; without a network, what is kept is what there is.
    /// - Throws: `BuildError` when a package neither lies in the pool nor can be fetched.
    public func fetch(_ packages: [DebianPackage], refresh: Bool = false) async throws -> [FetchedPackage] {
        var pool = try PackagePool(directory: directory)
        if !refresh, let kept = Self.all(packages, in: pool) { return kept }
        let lock = try await lockState()
        defer { withExtendedLifetime(lock) {} }
        pool = try PackagePool(directory: directory)
        do {
            for suite in DebianSuite.allCases {
                let wanted = packages.filter { $0.suite == suite && (refresh || pool.kept($0) == nil) }
                if !wanted.isEmpty { try await download(wanted, from: suite, into: &pool) }
            }
        } catch {
            guard let kept = Self.all(packages, in: pool) else { throw error }
            logger.warning("kept Debian packages are used", metadata: ["reason": "\(error)"])
            return kept
        }
        guard let fetched = Self.all(packages, in: pool) else {
            throw BuildError(.unavailable, "apt-get download ended well but left not all of: \(packages)")
        }
        return fetched
    }

    /// Everything that lies in the pool.
    public func fetched() throws -> [FetchedPackage] { try PackagePool(directory: directory).all }

    /// Unpacks the members that match `patterns` (paths from `./`, with shell wildcards) below `target`.
    public nonisolated func extract(
        _ package: FetchedPackage,
        members patterns: [String],
        to target: String
    ) async throws {
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        let archive = try TemporaryFile(in: target)
        try await HostProgram.run("dpkg-deb", ["--fsys-tarfile", package.path], output: archive.descriptor)
        let options = ["--extract", "--file", archive.path, "--directory", target]
        let safely = ["--no-same-owner", "--no-same-permissions", "--wildcards", "--"]
        try await HostProgram.run("tar", options + safely + patterns)
    }

    private static func all(_ packages: [DebianPackage], in pool: PackagePool) -> [FetchedPackage]? {
        let kept = packages.compactMap(pool.kept)
        return kept.count == packages.count ? kept : nil
    }

    func lockState() async throws -> FileLock {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        return try await FileLock.acquire(path: directory + "/lock")
    }
}

// MARK: - apt

extension DebianState {
    private func download(
        _ packages: [DebianPackage],
        from suite: DebianSuite,
        into pool: inout PackagePool
    ) async throws {
        try await update(pool: &pool, for: suite)
        let partial = directory + "/partial"
        try? FileManager.default.removeItem(atPath: partial)
        try FileManager.default.createDirectory(atPath: partial, withIntermediateDirectories: true)
        let release = suite == .newer ? pool.index.newer.map { "/\($0)" } ?? "" : ""
        let names = packages.map { "\($0.name):\($0.architecture)\(release)" }
        logger.notice("fetching Debian packages", metadata: ["packages": "\(names.joined(separator: " "))"])
        try await apt("apt-get", ["download", "-q"] + names, workingDirectory: partial)
        for file in try FileManager.default.contentsOfDirectory(atPath: partial) where file.hasSuffix(".deb") {
            let path = "\(partial)/\(file)"
            let format = "${Package}\t${Architecture}\t${Version}\t${Depends}"
            let control = try await HostProgram.run("dpkg-deb", ["--show", "--showformat", format, path])
            let fields = control.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            let package = packages.first {
                $0.name == fields[0] && (fields[1] == "all" || fields[1] == $0.architecture.rawValue)
            }
            guard fields.count == 4, let package else { continue }
            try pool.keep(path, as: package, version: fields[2], depends: fields[3])
        }
        try FileManager.default.removeItem(atPath: partial)
    }

    /// Brings the lists up to date, once in the life of this process, and finds the newer suite when it is needed.
    /// - Parameter acceptingFresh: lists of the same sources that another process has just brought up to date will do.
    func update(pool: inout PackagePool, for suite: DebianSuite, acceptingFresh: Bool = false) async throws {
        if suite == .newer, pool.index.newer == nil {
            let found = try await findNewerSuite()
            try pool.setNewer(found)
            return
        }
        guard !isUpToDate else { return }
        try await configure(newer: pool.index.newer)
        if acceptingFresh, try areListsFresh() { return }
        try await fetchLists()
    }

    private func fetchLists() async throws {
        forgetFreshness()
        try await apt("apt-get", ["update", "-q", "--error-on=any"])
        isUpToDate = true
        let file = URL(filePath: freshFile)
        try sources.write(to: file, options: .atomic)
        try FileManager.default.setAttributes([.modificationDate: now()], ofItemAtPath: freshFile)
    }

    /// What the lists were fetched from, and when: the file's time.
    private var freshFile: String { directory + "/state/fetched.sources" }

    private var sources: Data {
        get throws { try Data(contentsOf: URL(filePath: directory + "/etc/sources.list.d/muster.sources")) }
    }

    private func areListsFresh() throws -> Bool {
        let files = FileManager.default
        guard let fetched = files.contents(atPath: freshFile),
            let time = try files.attributesOfItem(atPath: freshFile)[.modificationDate] as? Date
        else { return false }
        let age = now().timeIntervalSince(time)
        return try (0..<Self.freshness).contains(age) && fetched == sources
    }

    /// The next one who needs lists fetches them: what they name is not on the mirror.
    func forgetFreshness() { try? FileManager.default.removeItem(atPath: freshFile) }

    /// The first newer suite whose iPXE is of the second generation.
    private func findNewerSuite() async throws -> String {
        for suite in DebianSuite.newerReleases {
            try await configure(newer: suite)
            try await fetchLists()
            let table = try await apt("apt-cache", ["madison", "ipxe"])
            let version = Self.version(inMadison: table, suite: suite)
            logger.info("iPXE in a newer suite", metadata: ["suite": "\(suite)", "version": "\(version ?? "none")"])
            if let version, DebianVersion(version) >= .secondGenerationIPXE { return suite }
        }
        throw BuildError(
            .notFound,
            "none of Debian's suites \(DebianSuite.newerReleases.joined(separator: ", ")) has an iPXE from 2.0 on"
        )
    }

    /// The version that `apt-cache madison` prints for `suite`: `name | version | URI suite/component arch Packages`.
    static func version(inMadison table: String, suite: String) -> String? {
        for line in table.split(separator: "\n") {
            let columns = line.split(separator: "|").map { $0.split(separator: " ") }
            guard columns.count == 3, let version = columns[1].first else { continue }
            if columns[2].contains(where: { $0.hasPrefix("\(suite)/") }) { return String(version) }
        }
        return nil
    }

    private func configure(newer: String?) async throws {
        let mirrors = try mirror.map { DebianMirrors(mirror: $0) } ?? DebianMirrors(systemSources: SystemSources.read())
        guard FileManager.default.isReadableFile(atPath: mirrors.keyring) else {
            throw BuildError(
                .unavailable,
                "the keyring \(mirrors.keyring) is not there: install the package debian-archive-keyring"
            )
        }
        let acquire = try await HostProgram.run("apt-config", ["dump"])
        let configuration = AptConfiguration(
            directory: directory,
            mirrors: mirrors,
            newer: newer,
            acquire: acquire.split(separator: "\n").map(String.init)
        )
        let files = [
            "apt.conf": configuration.main,
            "etc/sources.list.d/muster.sources": configuration.sources,
            "etc/preferences.d/muster": configuration.preferences,
            "state/status": "",
        ]
        // apt warns of directories of fragments that are not there.
        let empty = ["etc/none.d", "etc/none.gpg.d"]
        for part in empty + [
            "etc/sources.list.d", "etc/preferences.d", "state", "lists/partial", "cache/archives/partial",
        ] {
            try FileManager.default.createDirectory(atPath: "\(directory)/\(part)", withIntermediateDirectories: true)
        }
        for (name, text) in files {
            try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(name)"), options: .atomic)
        }
    }

    @discardableResult
    func apt(_ program: String, _ arguments: [String], workingDirectory: String? = nil) async throws -> String {
        try await HostProgram.run(
            program,
            arguments,
            environment: ["APT_CONFIG": directory + "/apt.conf"],
            workingDirectory: workingDirectory
        )
    }
}
