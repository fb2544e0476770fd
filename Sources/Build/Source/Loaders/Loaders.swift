import Foundation
import Logging
import Vocabulary

/// The boot loaders on this host: the operator's own, those of the private apt state, those of installed packages.
///
/// Under one name the operator's own wins, then the higher version.
public struct Loaders: Sendable {
    private let operatorDirectory: String
    private let stateDirectory: String
    /// Where the system's packages are installed; empty for this host's own root.
    private let root: String
    private let debian: DebianState
    private let logger: Logger

    /// - Parameters:
    ///   - data: the data directory; fetched loaders lie below its `debian/loaders`.
    ///   - own: the directory of the operator's own; nil for the data directory's `loaders`.
    public init(data: String, own: String? = nil, debian: DebianState, logger: Logger) {
        self.init(data: data, own: own, debian: debian, root: "", logger: logger)
    }

    /// - Parameter root: the root of another system, whose dpkg is asked.
    init(data: String, own: String? = nil, debian: DebianState, root: String, logger: Logger) {
        operatorDirectory = own ?? data + "/loaders"
        stateDirectory = data + "/debian/loaders"
        self.root = root
        self.debian = debian
        self.logger = logger
    }

    /// Fetches what is missing, keeps it, and returns everything that there is. Nobody is asked for a package that was
    /// fetched before, or that the system has installed in a version that will do.
    ///
    /// - Returns: what `find` returns, and for each package that could not be had, why.
    public func ensure() async -> (files: [LoaderFile], missing: [String: BuildError]) {
        var missing: [String: BuildError] = [:]
        let sufficient = Set(await installed().filter { $0.loader.accepts($0.version) }.map(\.loader))
        for suite in DebianSuite.allCases {
            let wanted = LoaderPackage.all.filter { $0.package.suite == suite && !sufficient.contains($0) }
            do {
                for fetched in try await debian.fetch(wanted.map(\.package)) {
                    for loader in wanted where loader.package == fetched.package {
                        try await unpack(fetched, loader)
                    }
                }
            } catch {
                let reason = error as? BuildError ?? BuildError(.unavailable, "\(error)")
                for loader in wanted { missing[loader.package.description] = reason }
            }
        }
        return (await find(), missing)
    }

    /// Everything that there is, by name, without asking anybody outside this host.
    public func find() async -> [LoaderFile] {
        let own = Self.own(in: operatorDirectory)
        var fetched: [FetchedPackage] = []
        do {
            fetched = try await debian.fetched()
        } catch {
            logger.warning("loaders fetched earlier cannot be listed", metadata: ["reason": "\(error)"])
        }
        let kept = fetched.flatMap(keptFiles)
        let installed = await installed().flatMap { present($0.loader, below: root, version: $0.version) }
        return Self.chosen(own: own, packaged: kept + installed)
    }

    /// One file a name: the operator's, else the highest version (of equals the first).
    static func chosen(own: [LoaderFile], packaged: [LoaderFile]) -> [LoaderFile] {
        var byName: [String: LoaderFile] = [:]
        for file in packaged {
            let known = byName[file.name]?.version.map { DebianVersion($0) }
            if let known, known >= DebianVersion(file.version ?? "0") { continue }
            byName[file.name] = file
        }
        for file in own { byName[file.name] = file }
        return byName.values.sorted { $0.name < $1.name }
    }

    /// The operator's own: every plain file, under the name that it has.
    public static func own(in directory: String) -> [LoaderFile] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { !$0.hasPrefix(".") }.compactMap { name in
            let path = "\(directory)/\(name)"
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue else {
                return nil
            }
            return LoaderFile(name: name, path: path, architecture: LoaderPackage.architecture(ofFile: name))
        }
    }
}

// MARK: - Packages

extension Loaders {
    /// Unpacks the loaders of a package that lies in the pool, unless that was done before.
    private func unpack(_ fetched: FetchedPackage, _ loader: LoaderPackage) async throws {
        let target = directory(of: fetched)
        guard !FileManager.default.fileExists(atPath: target) else { return }
        let partial = target + ".partial"
        try? FileManager.default.removeItem(atPath: partial)
        try await debian.extract(fetched, members: ["./\(loader.directory)/*"], to: partial)
        try FileManager.default.moveItem(atPath: partial, toPath: target)
        logger.notice("loaders kept", metadata: ["package": "\(fetched.package)", "version": "\(fetched.version)"])
    }

    private func keptFiles(of fetched: FetchedPackage) -> [LoaderFile] {
        LoaderPackage.all.filter { $0.package == fetched.package }.flatMap { loader in
            present(loader, below: directory(of: fetched), version: fetched.version)
        }
    }

    private func directory(of fetched: FetchedPackage) -> String { "\(stateDirectory)/\(fetched.digest.hex)" }

    /// The system's own packages that have loaders.
    private func installed() async -> [(loader: LoaderPackage, version: String)] {
        let names = Array(Set(LoaderPackage.all.map(\.package.name))).sorted()
        let format = "${binary:Package}\t${Architecture}\t${Version}\t${db:Status-Status}\n"
        let database = root.isEmpty ? [] : ["--admindir=\(root)/var/lib/dpkg"]
        // Status 1: some of the packages are not known here, which is an answer. No dpkg is one too.
        let table = try? await HostProgram.run("dpkg-query", database + ["-W", "-f", format] + names, accepting: [1])
        return (table ?? "").split(separator: "\n").flatMap { line -> [(loader: LoaderPackage, version: String)] in
            let fields = line.split(separator: "\t").map(String.init)
            guard fields.count == 4, fields[3] == "installed", let name = fields[0].split(separator: ":").first else {
                return []
            }
            return LoaderPackage.all
                .filter {
                    $0.package.name == name && (fields[1] == "all" || fields[1] == $0.package.architecture.rawValue)
                        && !present($0, below: root, version: fields[2]).isEmpty
                }
                .map { ($0, fields[2]) }
        }
    }

    /// The files of `loader` that exist below `root`, once for each name.
    private func present(_ loader: LoaderPackage, below root: String, version: String) -> [LoaderFile] {
        loader.names.sorted { $0.key < $1.key }.flatMap { file, names -> [LoaderFile] in
            let path = "\(root)/\(loader.directory)/\(file)"
            guard FileManager.default.isReadableFile(atPath: path) else { return [] }
            return names.map { name in
                LoaderFile(
                    name: name,
                    path: path,
                    version: version,
                    package: loader.package.name,
                    architecture: LoaderPackage.architecture(ofFile: name)
                )
            }
        }
    }
}
