import Foundation
import Vocabulary

/// The formats that there are, by LinuxKit's names and ours, and the one way of writing an image in some of them.
public enum ImageFormats {
    /// In the order in which they are listed for people.
    public static let all: [any ImageFormat] =
        [KernelInitrdFormat(), TarFormat(), TarKernelInitrdFormat()]
        + RootFileSystemFormat.Kind.allCases.map { RootFileSystemFormat(kind: $0) }
        + [RootISOFormat.bios, RootISOFormat.efi, ISOFormat.efi, RawBIOSFormat(), RawEFIFormat()]
        + ConvertedDisk.all
        + [ISOFormat.hybrid, UnifiedKernelFormat(), OCIArtifactFormat()]

    /// The formats of a list such as `kernel+initrd,iso`, once each.
    /// - Throws: `BuildError` for an unknown name, with the names that there are.
    public static func parse(_ list: String) throws(BuildError) -> [any ImageFormat] {
        var formats: [any ImageFormat] = []
        for name in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard let format = all.first(where: { $0.name == name }) else {
                let known = all.map(\.name).joined(separator: ", ")
                throw BuildError(.invalidInput, "there is no format '\(name)'; the formats are: \(known)")
            }
            if !formats.contains(where: { $0.name == format.name }) { formats.append(format) }
        }
        return formats
    }

    /// Writes `image` in every one of `formats` into `directory`, which is made when it is missing. Files of the same
    /// names are replaced, all of them only after everything was written.
    ///
    /// - Parameter name: what the files' names begin with.
    /// - Returns: the paths of what was written, in the order of the formats.
    /// - Throws: `BuildError` when two formats would write the same file, and whatever a format throws; nothing has
    ///   changed in `directory` then.
    public static func write(
        _ image: BuiltImage,
        as formats: [any ImageFormat],
        name: String,
        directory: String,
        blobs: BlobStore,
        signing: SigningKey? = nil,
        tools: FormatTools = .host
    ) async throws -> [String] {
        let common = Common(name: name, directory: directory, blobs: blobs, signing: signing, tools: tools)
        return try await write(formats.map { format in (format, { try await format.write(image, in: $0) }) }, common)
    }

    /// The formats of `formats` that need no kernel.
    /// - Throws: `BuildError` that names those which need one.
    public static func withoutKernel(_ formats: [any ImageFormat]) throws(BuildError) -> [any RootFormat] {
        let others = formats.filter { !($0 is any RootFormat) }.map(\.name).joined(separator: ", ")
        guard others.isEmpty else {
            let able = all.filter { $0 is any RootFormat }.map(\.name).joined(separator: ", ")
            throw BuildError(
                .invalidInput,
                "the definition has no `kernel:` with an image, so there is nothing to boot and no \(others); what "
                    + "needs no kernel is --format \(able)"
            )
        }
        return formats.compactMap { $0 as? any RootFormat }
    }

    /// As `write` of an image.
    public static func write(
        _ root: BuiltRoot,
        as formats: [any RootFormat],
        name: String,
        directory: String,
        blobs: BlobStore
    ) async throws -> [String] {
        let common = Common(name: name, directory: directory, blobs: blobs, signing: nil, tools: .host)
        return try await write(formats.map { format in (format, { try await format.write(root, in: $0) }) }, common)
    }

    /// What all formats of one image have in common.
    private struct Common {
        var name: String
        var directory: String
        var blobs: BlobStore
        var signing: SigningKey?
        var tools: FormatTools
    }

    private typealias Step = (format: any ImageFormat, write: (FormatWork) async throws -> Void)

    private static func write(_ steps: [Step], _ common: Common) async throws -> [String] {
        let (name, directory) = (common.name, common.directory)
        try check(steps.map(\.format), name: name)
        let files = FileManager.default
        let place = try WorkDirectory(in: directory)
        defer { withExtendedLifetime(place) {} }
        let work = place.path
        let outputs = try OutputFiles(in: directory, blobs: common.blobs)
        for step in steps {
            let output = "\(work)/\(step.format.name)"
            let scratch = "\(work)/\(step.format.name).scratch"
            for path in [output, scratch] {
                try files.createDirectory(atPath: path, withIntermediateDirectories: false)
            }
            let formatWork = FormatWork(
                name: name,
                output: output,
                scratch: scratch,
                blobs: common.blobs,
                signing: common.signing,
                tools: common.tools,
                files: outputs
            )
            try await step.write(formatWork)
            try files.removeItem(atPath: scratch)
        }
        try await outputs.finish(in: work)
        var written: [String] = []
        for format in steps.map(\.format) {
            for file in format.fileNames(for: name) {
                let source = "\(work)/\(format.name)/\(file)"
                let target = "\(directory)/\(file)"
                if !outputs.isInPlace(file) {
                    // A file of an earlier image that this one has not (a command line) must not stay beside the new
                    // ones.
                    try? files.removeItem(atPath: target)
                    guard files.fileExists(atPath: source) else { continue }
                    try files.moveItem(atPath: source, toPath: target)
                }
                if !written.contains(target) { written.append(target) }
            }
        }
        try await outputs.remember()
        return written
    }

    /// Kernel and command line are the same files in every format that has them; any other file is one format's own.
    private static func check(_ formats: [any ImageFormat], name: String) throws(BuildError) {
        guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else {
            throw BuildError(.invalidInput, "an image cannot be called '\(name)': files' names begin with it")
        }
        var writers: [String: String] = [:]
        for format in formats {
            for file in format.fileNames(for: name) where file != "\(name)-kernel" && file != "\(name)-cmdline" {
                if let other = writers.updateValue(format.name, forKey: file) {
                    throw BuildError(
                        .invalidInput,
                        "the formats \(other) and \(format.name) both write \(file); ask for them one after the other"
                    )
                }
            }
        }
    }
}
