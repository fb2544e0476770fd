import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension BuiltRoot {
    /// The root as a tar archive.
    /// - Parameter includesBoot: whether kernel, command line and microcode are in it, below `boot`.
    func writeRoot(includesBoot: Bool, to sink: @escaping TarWriter.Sink) throws {
        let writer = TarWriter(sink: sink)
        let boot = root.parts.firstIndex(of: .boot)
        for placed in root.entries where includesBoot || placed.part != boot {
            try writer.append(placed.entry) { emit in
                guard case .file(let content) = placed.entry.kind else { return }
                try contents.read(content, emit)
            }
        }
        try writer.finish()
    }
}

extension BuiltImage {
    /// The newest time in the root: a program that takes it for the present has no reason to change any.
    var newestTime: Int64 { root.entries.reduce(modified) { max($0, $1.entry.modified) } }
}

extension FormatWork {
    /// The root of an image without its kernel, as a tar archive.
    func rootArchive(of image: BuiltImage) async throws -> String {
        let path = scratch("root.tar")
        try await writeRoot(image.builtRoot, includesBoot: false, to: path)
        return path
    }

    func writeRoot(_ root: BuiltRoot, includesBoot: Bool, to path: String) async throws {
        guard !root.root.entries.isEmpty else {
            throw BuildError(
                .invalidInput,
                "this image has no root of its own: only its kernel and its initrd are known"
            )
        }
        try await BlockingWork.run { cancellation in
            let file = try POSIXFile(path, flags: O_WRONLY | O_CREAT | O_EXCL)
            try root.writeRoot(includesBoot: includesBoot) { bytes in
                try cancellation.check()
                try file.write(bytes)
            }
        }
    }

    /// The root of an image unpacked, its owners and devices known only to fakeroot.
    /// - Returns: the directory, and the file of fakeroot's state.
    func unpackedRoot(of image: BuiltImage) async throws -> (directory: String, state: String) {
        // fakeroot forgets what a file is when it is given one, and so does an ISO with all of them.
        for placed in image.root.entries {
            guard placed.entry.attributes.contains(where: { $0.name == "security.capability" }) else { continue }
            throw BuildError(
                .invalidInput,
                "\(placed.entry.path) has file capabilities, which this format cannot carry; kernel+squashfs can"
            )
        }
        let archive = try await rootArchive(of: image)
        let directory = scratch("root")
        let state = scratch("fakeroot")
        try makeDirectory(directory)
        let tar = try tools.path(of: .tar)
        try await tools.run(
            .fakeroot,
            [
                "-s", state, "--", tar, "--extract", "--file", archive, "--directory", directory, "--numeric-owner",
                "--same-owner", "--same-permissions",
            ]
        )
        unlink(archive)
        try makeReadable(image, in: directory)
        try setTime(of: directory, to: image.modified)
        return (directory, state)
    }

    /// Lets whoever builds read what its owner in the image may not. fakeroot goes on saying what it was told.
    private func makeReadable(_ image: BuiltImage, in directory: String) throws {
        for entry in image.root.entries.map(\.entry) where entry.permissions & 0o500 != 0o500 {
            let mode: mode_t
            switch entry.kind {
            case .directory: mode = 0o700
            case .file where entry.permissions & 0o400 == 0: mode = 0o600
            default: continue
            }
            let path = Array(directory.utf8) + [UInt8(ascii: "/")] + entry.path.bytes + [0]
            let status = path.withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self) { chmod($0.baseAddress!, mode) }
            }
            // Of the kernel's part nothing was unpacked.
            guard status == 0 || errno == ENOENT else { throw BuildError.system("cannot change \(entry.path)") }
        }
    }

    /// A root that says nothing of itself is as old as everything that a build makes.
    func setTime(of directory: String, to modified: Int64) throws {
        let time = timespec(tv_sec: Int(modified), tv_nsec: 0)
        guard chmod(directory, 0o755) == 0, utimensat(AT_FDCWD, directory, [time, time], 0) == 0 else {
            throw BuildError.system("cannot change \(directory)")
        }
    }
}
