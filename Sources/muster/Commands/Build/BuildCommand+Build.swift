import ArgumentParser
import Build
import FoundationEssentials
import Synchronization
import UnixSignals
import Vocabulary

extension BuildCommand {
    /// Builds and writes the files; Ctrl-C ends it and leaves nothing half done.
    func build(_ definition: Definition) async throws {
        let display = common.json ? nil : ProgressDisplay()
        defer { display?.end() }
        let warnings = Warnings()
        let report = try await untilSignal {
            try await make(definition, warnings: warnings) { event in
                if case .warning(let text) = event { warnings.add(text) }
                display?.take(event)
            }
        }
        display?.end()
        if common.json { return try Terminal.print(json: report) }
        Terminal.print(report.text)
    }

    private func make(
        _ definition: Definition,
        warnings: Warnings,
        observe: @escaping BuildObserver
    ) async throws -> BuildReport {
        let configuration = try common.load().configuration
        let data = configuration.data
        let images = try ImageStore(dataDirectory: data)
        let imageName = try? ImageName(outputName)
        if imageName == nil {
            observe(.warning("'\(outputName)' cannot name an image, so it has none in \(data): say --name"))
        }
        var request = BuildRequest(definition, architecture: try architecture())
        request.isCompact = compact
        request.isStrict = strict
        request.sourceDateEpoch = try sourceDateEpoch()
        request.name = imageName
        let registry = try offline ? nil : Registry(registryConfiguration(over: configuration.registries))
        let image: BuiltImage
        do {
            let cache = try ContainerCache(dataDirectory: data)
            let source = ContainerSource(cache: cache, registry: registry, isRefreshing: pull)
            let builder = try ImageBuilder(dataDirectory: data, source: source)
            image = try await builder.build(request, observe: observe)
        } catch {
            await registry?.shutdown()
            throw error
        }
        await registry?.shutdown()
        let formats = try outputs()
        for format in formats { observe(.writing(format: format.name)) }
        var files = try await ImageFormats.write(
            image,
            as: formats,
            name: outputName,
            directory: directory,
            blobs: images.blobs,
            signing: signingKey.flatMap { key in signingCertificate.map { SigningKey(key: key, certificate: $0) } }
        )
        if sbom { files.append(try writeBillOfMaterials(of: image.manifest, in: images)) }
        return BuildReport(
            image.manifest,
            name: imageName?.description,
            release: try imageName.flatMap { try images.named($0)?.current.number },
            files: files.map { $0.hasPrefix("./") ? String($0.dropFirst(2)) : $0 },
            warnings: warnings.all
        )
    }

    /// - Returns: the path.
    private func writeBillOfMaterials(of manifest: ImageManifest, in images: ImageStore) throws -> String {
        let contents = try ImageContents(of: manifest, in: images.blobs)
        let document = SPDXDocument(
            name: outputName,
            image: manifest.digest,
            manifest: manifest,
            packages: contents.packages,
            created: try sourceDateEpoch() ?? TreeEntry.standardTime
        )
        let path = "\(directory)/\(outputName).spdx.json"
        do {
            try Data(document.bytes).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw BuildError(.unavailable, "cannot write \(path): \(error)")
        }
        return path
    }

    /// What `body` returns, unless SIGINT or SIGTERM comes first: then it is cancelled and waited for.
    private func untilSignal(_ body: @escaping @Sendable () async throws -> BuildReport) async throws -> BuildReport {
        try await withThrowingTaskGroup(of: BuildReport?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { break }
                return nil
            }
            let first = try await group.next()
            group.cancelAll()
            guard let report = first ?? nil else {
                while let result = await group.nextResult() { _ = result }
                Terminal.warn("stopped: what was finished is kept for the next build, nothing else is left")
                throw ExitCode(1)
            }
            return report
        }
    }
}

/// Gathers what was not wrong and should be known, from whatever thread.
private final class Warnings: Sendable {
    private let texts = Mutex<[String]>([])

    func add(_ text: String) { texts.withLock { $0.append(text) } }

    var all: [String] { texts.withLock { $0 } }
}
