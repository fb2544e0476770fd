#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The kernel, the whole initrd and the command line, each a file: what QEMU, kexec and other boot servers load.
struct KernelInitrdFormat: ImageFormat {
    let name = "kernel+initrd"

    func fileNames(for name: String) -> [String] { ["\(name)-kernel", "\(name)-initrd.img", "\(name)-cmdline"] }

    func write(_ image: BuiltImage, in work: FormatWork) async throws {
        let manifest = image.manifest
        let blobs = work.blobs
        let base = "\(work.output)/\(work.name)"
        try await BlockingWork.run { cancellation in
            try Self.concatenate([blobs.path(of: manifest.kernel.digest)], to: "\(base)-kernel", cancellation)
            if !manifest.initrd.isEmpty {
                let parts = manifest.initrd.map { blobs.path(of: $0.digest) }
                try Self.concatenate(parts, to: "\(base)-initrd.img", cancellation)
            }
            guard !manifest.commandLine.isEmpty else { return }
            let file = try POSIXFile("\(base)-cmdline", flags: O_WRONLY | O_CREAT | O_EXCL)
            try Array(manifest.commandLine.utf8).withUnsafeBytes { try file.write($0) }
        }
    }

    /// Writes files behind one another, each from a multiple of 4 on, as the kernel expects of archives that follow an
    /// uncompressed one (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).
    private static func concatenate(
        _ paths: [String],
        to target: String,
        _ cancellation: BlockingWork.Cancellation
    ) throws {
        let output = try POSIXFile(target, flags: O_WRONLY | O_CREAT | O_EXCL)
        let zeros = [UInt8](repeating: 0, count: 4)
        for path in paths {
            let input = try POSIXFile(path, flags: O_RDONLY)
            let size = try input.regularSize()
            var rest = Int(size)
            while rest > 0 {
                try cancellation.check()
                let count = sendfile(output.descriptor, input.descriptor, nil, min(rest, 16 << 20))
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw BuildError.system("cannot write \(target)") }
                guard count > 0 else { throw BuildError(.corrupt, "cannot read \(path): it ends before it should") }
                rest -= count
            }
            guard paths.count > 1 else { continue }
            try zeros.withUnsafeBytes { bytes in
                try output.write(UnsafeRawBufferPointer(rebasing: bytes[..<Int((4 - size % 4) % 4)]))
            }
        }
    }
}
