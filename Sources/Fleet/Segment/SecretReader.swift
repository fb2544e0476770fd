import Build
import Foundation
import Inventory

/// Fetches what secrets refer to. What it reads is given to who asked and kept nowhere.
struct SecretReader: Sendable {
    /// Bytes of a secret at most.
    static let longest = 64 * 1024
    /// For a program to say a secret: its machine's loader waits meanwhile.
    var patience: Duration = .seconds(5)

    /// Why a secret cannot be had; never with any of it.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// One line end behind it is dropped.
    ///
    /// - Parameter machine: in the environment of programs as `MUSTER_MACHINE`.
    /// - Throws: `Failure`.
    func read(_ reference: SecretReference, named name: String, for machine: String) async throws -> String {
        func failure(_ why: String) -> Failure { Failure(description: "the secret '\(name)': \(why)") }
        let text: String
        switch reference {
        case .environment(let variable):
            guard let value = ProcessInfo.processInfo.environment[variable] else {
                throw failure("the server's environment has no \(variable)")
            }
            text = value
        case .file(let path):
            guard let file = FileHandle(forReadingAtPath: path) else {
                throw failure("cannot open \(path): \(String(cString: strerror(errno)))")
            }
            let data: Data?
            do {
                data = try file.read(upToCount: Self.longest + 1)
            } catch {
                throw failure("cannot read \(path): \(error.localizedDescription)")
            }
            guard let data else { throw failure("\(path) is empty") }
            guard let value = String(validating: data, as: UTF8.self) else { throw failure("\(path) is no UTF-8 text") }
            text = value
        case .command(let arguments):
            guard let program = arguments.first else { throw failure("no program is named") }
            let output: String?
            do {
                output = try await said(of: program, Array(arguments.dropFirst()), machine: machine)
            } catch is BuildError {
                // What it said may hold the secret.
                throw failure("\(program) is not there, or failed")
            }
            guard let output else { throw failure("\(program) took longer than \(patience.components.seconds) s") }
            text = output
        }
        guard text.utf8.count <= Self.longest else { throw failure("it is longer than \(Self.longest) bytes") }
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// nil when it took too long.
    private func said(of program: String, _ arguments: [String], machine: String) async throws -> String? {
        try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask { try await HostProgram.run(program, arguments, environment: ["MUSTER_MACHINE": machine]) }
            group.addTask {
                try await Task.sleep(for: patience)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
