import Foundation
import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension FormatWork {
    /// A file that people get.
    func output(_ file: String) -> String { "\(output)/\(file)" }
    /// A file that is gone afterwards.
    func scratch(_ file: String) -> String { "\(scratch)/\(file)" }

    /// The blob, for programs that only read it.
    func kernel(of image: BuiltImage) -> String { blobs.path(of: image.manifest.kernel.digest) }

    /// The whole initrd in one file; nil for an image without one.
    func initrd(of image: BuiltImage) async throws -> String? {
        let path = scratch("initrd.img")
        if let root = image.manifest.root {
            throw BuildError(
                .invalidInput,
                "this image's initrd fetches its root (\(root.type.rawValue)) from a server, which no other format than "
                    + "kernel+initrd and oci can say; build it without `root:`"
            )
        }
        guard access(path, F_OK) != 0 else { return path }
        guard let initrd = image.manifest.concatenatedInitrd else { return nil }
        let blobs = blobs
        try await BlockingWork.run { cancellation in
            let file = try POSIXFile(path, flags: O_WRONLY | O_CREAT | O_EXCL)
            try initrd.write(to: file, from: blobs, cancellation)
        }
        return path
    }

    /// `NAME-kernel`, and `NAME-cmdline` unless it would be empty.
    func writeKernelAndCommandLine(of image: BuiltImage) async throws {
        let file = "\(name)-kernel"
        try await files.write(file, Concatenation([image.manifest.kernel]), to: output(file))
        guard !image.manifest.commandLine.isEmpty else { return }
        try write(Array(image.manifest.commandLine.utf8), to: output("\(name)-cmdline"))
    }

    /// Writes a small file.
    func write(_ bytes: [UInt8], to path: String) throws {
        let file = try POSIXFile(path, flags: O_WRONLY | O_CREAT | O_TRUNC)
        try bytes.withUnsafeBytes { try file.write($0) }
    }

    func makeDirectory(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
}

enum FileCopy {
    /// Copies a file, 0644.
    static func copy(_ source: String, to target: String, _ cancellation: BlockingWork.Cancellation) throws {
        try append(source, to: POSIXFile(target, flags: O_WRONLY | O_CREAT | O_EXCL), cancellation)
    }

    /// Writes the bytes of the file `source` where `target` stands.
    /// - Parameter cancellation: nil for what is to be finished once it was begun.
    /// - Returns: how many there were.
    @discardableResult
    static func append(
        _ source: String,
        to target: POSIXFile,
        _ cancellation: BlockingWork.Cancellation?
    ) throws -> UInt64 {
        let file = try POSIXFile(source, flags: O_RDONLY)
        let size = try file.regularSize()
        var rest = Int(size)
        while rest > 0 {
            try cancellation?.check()
            let count = sendfile(target.descriptor, file.descriptor, nil, min(rest, 16 << 20))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw BuildError.system("cannot write \(target.path)") }
            guard count > 0 else { throw BuildError(.corrupt, "cannot read \(source): it ends before it should") }
            rest -= count
        }
        return size
    }

    /// Hands over the bytes of a file, a mebibyte at a time.
    static func read(
        _ source: String,
        _ cancellation: BlockingWork.Cancellation,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let file = try POSIXFile(source, flags: O_RDONLY)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            try cancellation.check()
            let count = try file.read(into: buffer)
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Writes what a file of the root holds.
    static func write(
        _ content: FileContent,
        of image: BuiltImage,
        to path: String,
        _ cancellation: BlockingWork.Cancellation
    ) throws {
        let file = try POSIXFile(path, flags: O_WRONLY | O_CREAT | O_EXCL)
        try image.contents.read(content) { bytes in
            try cancellation.check()
            try file.write(bytes)
        }
    }

    /// In bytes.
    static func size(of path: String) throws -> UInt64 { try POSIXFile(path, flags: O_RDONLY).regularSize() }

    /// Writes bytes into a file that exists, from `offset` on.
    static func patch(_ path: String, at offset: UInt64, _ bytes: [UInt8]) throws {
        let file = try POSIXFile(path, flags: O_WRONLY)
        guard lseek(file.descriptor, off_t(offset), SEEK_SET) >= 0 else {
            throw BuildError.system("cannot write \(path)")
        }
        try bytes.withUnsafeBytes { try file.write($0) }
    }

    static func bytes(of path: String, at offset: UInt64, count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let file = try SharedFile(reading: path)
        try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: offset) }
        return bytes
    }

    /// Makes an empty file of `size` bytes that takes no space yet.
    static func makeSparse(_ path: String, size: UInt64) throws {
        let file = try POSIXFile(path, flags: O_WRONLY | O_CREAT | O_TRUNC)
        guard ftruncate(file.descriptor, off_t(size)) == 0 else { throw BuildError.system("cannot write \(path)") }
    }
}

extension ImageManifest {
    /// The whole initrd in one file; nil for an image without one.
    var concatenatedInitrd: Concatenation? {
        initrd.isEmpty ? nil : Concatenation(initrd.map { Blob(digest: $0.digest, size: $0.size) })
    }
}
