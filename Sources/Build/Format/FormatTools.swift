import Foundation
import Vocabulary

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// The programs and the files of a host that formats are made with, each known by the Debian package that it is in.
public struct FormatTools: Sendable {
    /// A program, and the package that brings it.
    struct Program: Hashable, Sendable {
        var name: String
        var package: String

        static let fakeroot = Program(name: "fakeroot", package: "fakeroot")
        static let fakeTime = Program(name: "faketime", package: "faketime")
        static let gzip = Program(name: "gzip", package: "gzip")
        static let grubMakeImage = Program(name: "grub-mkimage", package: "grub-common")
        static let makeEROFS = Program(name: "mkfs.erofs", package: "erofs-utils")
        static let makeFAT = Program(name: "mkfs.vfat", package: "dosfstools")
        static let copyToFAT = Program(name: "mcopy", package: "mtools")
        static let makeDirectoryOnFAT = Program(name: "mmd", package: "mtools")
        static let partition = Program(name: "sfdisk", package: "fdisk")
        static let convertDisk = Program(name: "qemu-img", package: "qemu-utils")
        static let sign = Program(name: "sbsign", package: "sbsigntool")
        static let tarToSquashFS = Program(name: "tar2sqfs", package: "squashfs-tools-ng")
        static let verity = Program(name: "veritysetup", package: "cryptsetup-bin")
        static let tar = Program(name: "tar", package: "tar")
        static let xorriso = Program(name: "xorriso", package: "xorriso")
    }

    /// Where programs are looked for, in this order. The system's directories are among them because `sfdisk` and
    /// `mkfs.vfat` lie where a plain user's search path does not lead, and need no privileges here.
    var directories: [String]
    /// In front of the paths of files; empty for this host's own root.
    var root: String

    init(directories: [String], root: String = "") {
        self.directories = directories
        self.root = root
    }

    /// This host's.
    public static var host: FormatTools {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return FormatTools(directories: path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"])
    }

    /// - Throws: `BuildError` naming the package when the program is not there.
    func path(of program: Program) throws(BuildError) -> String {
        let candidates = directories.map { "\($0)/\(program.name)" }
        guard let found = candidates.first(where: { access($0, X_OK) == 0 }) else {
            throw BuildError(
                .unavailable,
                "\(program.name) is not installed on this host; it is in the Debian package \(program.package)"
            )
        }
        return found
    }

    /// A file that a package brings, checked to be there.
    /// - Throws: `BuildError` naming the package when it is not.
    func file(_ path: String, package: String) throws(BuildError) -> String {
        guard access(root + path, R_OK) == 0 else {
            throw BuildError(
                .unavailable,
                "\(root + path) is not on this host; it is in the Debian package \(package)"
            )
        }
        return root + path
    }

    /// Runs a program to its end.
    /// - Parameters:
    ///   - epoch: what it takes for the present, in seconds since 1970.
    ///   - input: the path of its standard input, if it reads one.
    /// - Throws: `BuildError` when it is missing (with its package) or fails (with what it said).
    func run(
        _ program: Program,
        _ arguments: [String],
        epoch: Int64 = TreeEntry.standardTime,
        input: String? = nil
    ) async throws {
        let environment = ["SOURCE_DATE_EPOCH": String(epoch), "TZ": "UTC", "MTOOLSRC": "/dev/null"]
        let path = try path(of: program)
        guard let input else {
            try await HostProgram.run(path, arguments, environment: environment)
            return
        }
        let descriptor = try FileDescriptor.open(FilePath(input), .readOnly, options: .closeOnExec)
        defer { try? descriptor.close() }
        try await HostProgram.run(path, arguments, environment: environment, input: descriptor)
    }
}
