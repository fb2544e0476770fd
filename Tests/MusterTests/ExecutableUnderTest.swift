import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The built `muster`, beside the program that runs these tests.
enum ExecutableUnderTest {
    static var path: String {
        get throws {
            let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let path = (tests as NSString).deletingLastPathComponent + "/muster"
            try #require(access(path, X_OK) == 0, "there is no \(path): swift build makes it")
            return path
        }
    }

    struct Result {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Runs `muster` to its end, with an environment of its own.
    static func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        directory: String = "/"
    ) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try path)
        process.arguments = arguments
        process.environment = environment.merging(["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]) { given, _ in given }
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.standardInput = FileHandle.nullDevice
        let scratch = try TemporaryDirectory()
        let (output, errors) = (try scratch.file("output"), try scratch.file("errors"))
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus,
            output: try String(contentsOf: output, encoding: .utf8),
            errors: try String(contentsOf: errors, encoding: .utf8)
        )
    }
}

/// A directory that goes with its owner.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/muster-test-\(UUID().uuidString.prefix(12))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        // The server may be another user, and must be able to pass.
        chmod(path, 0o755)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// A new file with this text.
    @discardableResult
    func file(_ name: String, _ text: String = "") throws -> URL {
        let url = URL(fileURLWithPath: path + "/" + name)
        try Data(text.utf8).write(to: url)
        return url
    }
}
