import Foundation
import Testing

@testable import Init

@Suite("A program's sealed copy")
struct SealedProgramTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path

    @Test("has the program's name and bytes, runs, and is changed by nobody")
    func copy() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = try SealedProgram.make(of: "/bin/echo", in: directory)
        #expect(path == directory + "/echo")
        #expect(FileManager.default.contents(atPath: path) == FileManager.default.contents(atPath: "/bin/echo"))

        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["from memory"]
        process.standardOutput = output
        try process.run()
        #expect(try output.fileHandleForReading.readToEnd() == Data("from memory\n".utf8))
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)

        #expect(throws: InitError.self) { try FileSystem.write(path, "other", creates: false) }
        #expect(FileManager.default.contents(atPath: path) == FileManager.default.contents(atPath: "/bin/echo"))
    }

    @Test("is not made of what is not there, nor a second time in one place")
    func refused() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        #expect(throws: InitError.self) { try SealedProgram.make(of: directory + "/none", in: directory) }
        _ = try SealedProgram.make(of: "/bin/echo", in: directory)
        #expect(throws: InitError.self) { try SealedProgram.make(of: "/bin/echo", in: directory) }
    }
}
