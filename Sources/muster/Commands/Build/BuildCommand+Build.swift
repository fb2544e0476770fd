import ArgumentParser
import Build
import FoundationEssentials
import Synchronization
import UnixSignals
import Vocabulary

extension BuildCommand {
    /// Builds and writes the files; Ctrl-C ends it and leaves nothing half done.
    func build(_ definition: Definition) async throws {
        let rootFormats = definition.kernel?.image == nil ? try formatsWithoutKernel() : nil
        let display = common.json ? nil : ProgressDisplay()
        defer { display?.end() }
        let warnings = Warnings()
        let report: BuildReport = try await untilSignal {
            let observe: BuildObserver = { event in
                if case .warning(let text) = event { warnings.add(text) }
                display?.take(event)
            }
            return try await withBuilder(of: definition, observe: observe) { builder, request, images in
                var report: BuildReport
                if let rootFormats {
                    report = try await makeRoot(request, as: rootFormats, builder, images, observe)
                } else {
                    report = try await makeImage(request, builder, images, observe)
                }
                report.files = report.files.map { $0.hasPrefix("./") ? String($0.dropFirst(2)) : $0 }
                report.warnings = warnings.all
                return report
            }
        }
        display?.end()
        if common.json { return try Terminal.print(json: report) }
        Terminal.print(report.text)
    }

    /// - Throws: `BuildError` when there is more to be written than a root.
    private func formatsWithoutKernel() throws -> [any RootFormat] {
        let formats = try ImageFormats.withoutKernel(outputs())
        guard !sbom else {
            throw BuildError(
                .invalidInput,
                "--sbom is of an image, and without `kernel:` in the definition there is none"
            )
        }
        return formats
    }

    private func withBuilder(
        of definition: Definition,
        observe: @escaping BuildObserver,
        _ body: (ImageBuilder, BuildRequest, ImageStore) async throws -> BuildReport
    ) async throws -> BuildReport {
        var configuration = try common.load().configuration
        configuration.registries = try registryConfiguration(over: configuration.registries)
        let data = configuration.data
        let images = try ImageStore(dataDirectory: data)
        var request = BuildRequest(definition, architecture: try architecture())
        request.isCompact = compact
        request.isStrict = strict
        request.root = root
        request.sourceDateEpoch = try sourceDateEpoch()
        request.name = try? ImageName(outputName)
        return try await configuration.withRegistry(isOffline: offline) { registry in
            let cache = try ContainerCache(dataDirectory: data)
            let source = ContainerSource(cache: cache, registry: registry, isRefreshing: pull)
            return try await body(try ImageBuilder(dataDirectory: data, source: source), request, images)
        }
    }

    private func makeImage(
        _ request: BuildRequest,
        _ builder: ImageBuilder,
        _ images: ImageStore,
        _ observe: @escaping BuildObserver
    ) async throws -> BuildReport {
        if request.name == nil {
            observe(
                .warning("'\(outputName)' cannot name an image, so it has no name in the data directory: say --name")
            )
        }
        let formats = try outputs()
        var request = request
        request.needsRoot = formats.contains { $0.needsRoot }
        let image = try await builder.build(request, observe: observe)
        // While it is held, nobody collects its blobs.
        defer { withExtendedLifetime(image) {} }
        for format in formats { observe(.writing(format: format.name)) }
        var files = try await ImageFormats.write(
            image,
            as: formats,
            name: outputName,
            directory: directory,
            blobs: images.blobs,
            signing: signing.key
        )
        if sbom { files.append(try writeBillOfMaterials(of: image.manifest, in: images)) }
        let release = try request.name.flatMap { try images.named($0)?.current.number }
        return BuildReport(image.manifest, name: request.name?.description, release: release, files: files)
    }

    private func makeRoot(
        _ request: BuildRequest,
        as formats: [any RootFormat],
        _ builder: ImageBuilder,
        _ images: ImageStore,
        _ observe: @escaping BuildObserver
    ) async throws -> BuildReport {
        let root = try await builder.buildRoot(request, observe: observe)
        for format in formats { observe(.writing(format: format.name)) }
        let files = try await ImageFormats.write(
            root,
            as: formats,
            name: outputName,
            directory: directory,
            blobs: images.blobs
        )
        return BuildReport(rootFor: request.architecture, files: files)
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
