import Build
import FoundationEssentials
import Logging
import Vocabulary

/// What a lab needs from outside, fetched before it is cut off from everything: loaders, and an image to boot.
struct LabPreparation: Sendable {
    let directory: String
    /// A Debian mirror instead of those of the system's sources.
    let mirror: String?
    let logger: Logger
    /// What the machines are to run, and where the recipes of its images are.
    var definition: LabDefinition?
    var recipes: String?

    /// Fetches what is missing, makes the images that the definition is built of and imports the lab's own.
    /// - Returns: the words for `-accel`.
    /// - Throws: `BuildError` when something can neither be fetched nor was fetched before.
    func prepare(_ firmware: LabFirmware) async throws -> String {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let debian = DebianState(directory: directory + "/debian", mirror: mirror, logger: logger)
        let loaders = Loaders(data: directory, debian: debian, logger: logger)
        let found = await loaders.ensure()
        for (package, reason) in found.missing.sorted(by: { $0.key < $1.key }) {
            logger.warning("no loader", metadata: ["package": "\(package)", "reason": "\(reason)"])
        }
        let store = try ImageStore(dataDirectory: directory)
        let image = LabImage(store: store, debian: debian, scratch: directory)
        let entry = try await image.ensure(firmware.architecture)
        if let definition, let recipes {
            let display = ProgressDisplay()
            defer { display.end() }
            try await definition.makeLocalImages(
                of: recipes,
                architecture: firmware.architecture,
                in: directory,
                debian: debian
            ) { display.take($0) }
        }
        if firmware == .biosChain { try keepFirstLoader(from: found.files) }
        return await LabAccelerator.choose(
            for: firmware,
            kernel: store.blobs.path(of: entry.manifest.kernel.digest),
            initrd: entry.manifest.initrd.first.map { store.blobs.path(of: $0.digest) } ?? ""
        )
    }

    /// Puts the iPXE that `bios-chain` begins with where the machine expects it.
    private func keepFirstLoader(from files: [LoaderFile]) throws {
        guard let file = files.first(where: { $0.name == "ipxe.lkrn" }) else {
            throw LabError("no package has the loader ipxe.lkrn, which --firmware bios-chain begins with")
        }
        let path = directory + "/first-loader.lkrn"
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.copyItem(atPath: file.path, toPath: path)
    }
}
