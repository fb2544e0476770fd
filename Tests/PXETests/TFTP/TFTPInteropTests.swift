import Foundation
import Testing
import Vocabulary

/// The clients that people have, from Debian's packages, over the loopback.
@Suite struct TFTPInteropTests {
    struct Client: Sendable, CustomTestStringConvertible {
        var name: String
        /// What to run in an empty directory; `file` and `port` are filled in. It leaves the file there as `out`.
        var command: @Sendable (_ file: String, _ port: UInt16) -> [String]
        var takesEmptyFiles = true
        var testDescription: String { name }
    }

    static let clients: [Client] = [
        Client(
            name: "curl as iPXE asks",
            command: { file, port in
                ["curl", "-sS", "--tftp-blksize", "1432", "tftp://127.0.0.1:\(port)/\(file)", "-o", "out"]
            },
            takesEmptyFiles: false
        ),
        Client(
            name: "curl without options",
            command: { file, port in
                ["curl", "-sS", "--tftp-no-options", "tftp://127.0.0.1:\(port)/\(file)", "-o", "out"]
            },
            takesEmptyFiles: false
        ),
        Client(
            name: "tftp-hpa",
            command: { file, port in
                ["tftp", "-m", "octet", "127.0.0.1", "\(port)", "-c", "get", file, "out"]
            }
        ),
        Client(
            name: "busybox",
            command: { file, port in
                ["busybox", "tftp", "-b", "1432", "-g", "-r", file, "-l", "out", "127.0.0.1", "\(port)"]
            }
        ),
        Client(
            name: "atftp without options",
            command: { file, port in
                ["atftp", "--get", "-r", file, "-l", "out", "127.0.0.1", "\(port)"]
            }
        ),
        Client(
            name: "atftp with a window",
            command: { file, port in
                [
                    "atftp", "--get", "-r", file, "-l", "out", "--option", "windowsize 16", "--option", "blksize 1432",
                    "127.0.0.1", "\(port)",
                ]
            }
        ),
        Client(
            name: "atftp asking for multicast",
            command: { file, port in
                ["atftp", "--get", "-r", file, "-l", "out", "--option", "multicast", "127.0.0.1", "\(port)"]
            }
        ),
    ]

    @Test("29, 30, 39, 40: Debian's clients, own port or single port", arguments: clients, [false, true])
    func fetches(client: Client, isSinglePort: Bool) async throws {
        try await TFTPBench.run([:], .loopback(isSinglePort: isSinglePort)) { bench in
            for length in [0, 1, 1431, 1432, 512 * 40, 700_001] where length > 0 || client.takesEmptyFiles {
                let file = TFTPServiceTests.bytes(length)
                bench.authority.replace(TFTPServiceTests.loader, with: MemoryAuthority.content([.bytes(file)]))
                let directory = try TemporaryDirectory()
                let result = try await directory.run(client.command("loader.efi", bench.port))
                #expect(result.status == 0, "\(client.name), \(length) bytes: \(result.output)")
                let received = directory.contents(of: "out")
                #expect(received == file, "\(client.name), \(length) bytes")
            }
        }
    }

    @Test("5: tftp-hpa turns netascii back into the file")
    func netascii() async throws {
        let file = Array("one\ntwo\rthree\r\nfour\n".utf8)
        try await TFTPBench.run([TFTPServiceTests.loader: file]) { bench in
            let directory = try TemporaryDirectory()
            let command = ["tftp", "-m", "netascii", "127.0.0.1", "\(bench.port)", "-c", "get", "loader.efi", "out"]
            #expect(try await directory.run(command).status == 0)
            #expect(directory.contents(of: "out") == file)
        }
    }

    @Test("16: curl may not write")
    func upload() async throws {
        try await TFTPBench.run { bench in
            let directory = try TemporaryDirectory()
            try directory.write([1, 2, 3], to: "in")
            let result = try await directory.run(["curl", "-sS", "-T", "in", "tftp://127.0.0.1:\(bench.port)/in"])
            #expect(result.status == 69, "\(result.output)")  // CURLE_TFTP_PERM
        }
    }

    @Test("17: curl says that there is no such file")
    func missing() async throws {
        try await TFTPBench.run { bench in
            let directory = try TemporaryDirectory()
            let result = try await directory.run(["curl", "-sS", "tftp://127.0.0.1:\(bench.port)/nope", "-o", "out"])
            #expect(result.status == 68, "\(result.output)")  // CURLE_TFTP_NOTFOUND
        }
    }
}

/// An empty directory for one program, gone afterwards.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "muster-tftp-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func contents(of file: String) -> [UInt8]? {
        FileManager.default.contents(atPath: "\(path)/\(file)").map(Array.init)
    }

    func write(_ bytes: [UInt8], to file: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(file)"))
    }

    /// Runs a program from PATH here, at most 20 seconds; one that is not installed fails the test.
    func run(_ command: [String]) async throws -> (status: CInt, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["timeout", "20"] + command
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        return try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { process in
                let output = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
                continuation.resume(returning: (process.terminationStatus, output))
            }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
    }
}
