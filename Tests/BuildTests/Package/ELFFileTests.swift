import Foundation
import Testing

@testable import Build

@Suite("What programs need")
struct ELFFileTests {
    private func read(_ bytes: [UInt8]) throws -> ELFFile? {
        try ELFFile(size: UInt64(bytes.count), name: "x") { Array(bytes[Int($0)..<Int($0) + $1]) }
    }

    @Test func isReadFromAProgramsTables() throws {
        let bytes = ELFFixture.file(
            machine: 183,
            interpreter: "/lib/ld-linux-aarch64.so.1",
            needed: ["libssl.so.3", "libc.so.6"],
            searchPath: "$ORIGIN/../lib:/opt/lib"
        )
        let file = try #require(try read(bytes))
        #expect(file.machine == 183)
        #expect(file.interpreter == "/lib/ld-linux-aarch64.so.1")
        #expect(file.needed == ["libssl.so.3", "libc.so.6"])
        #expect(file.searchPath == ["$ORIGIN/../lib", "/opt/lib"])
    }

    @Test func isThatOfTheProgramThatRunsThisTest() throws {
        let bytes = [UInt8](
            try Data(contentsOf: URL(filePath: "/proc/self/exe"), options: .alwaysMapped).prefix(1 << 30)
        )
        let file = try #require(try read(bytes))
        #expect(file.interpreter?.contains("ld-linux") == true)
        #expect(file.needed.contains("libc.so.6"))
    }

    @Test(arguments: ["", "MZ", "#!/bin/sh\n", "\u{7f}ELF"])
    func isNothingOfOtherFiles(text: String) throws {
        #expect(try read(Array(text.utf8)) == nil)
        #expect(try read(Array(text.utf8) + [UInt8](repeating: 1, count: 100)) == nil)
    }

    /// Cut anywhere, or with any byte changed, it is read or refused: nothing is read beyond its end.
    @Test func damagedFilesAreReadOrRefused() throws {
        let bytes = ELFFixture.file(interpreter: "/lib/ld.so", needed: ["liba.so.1"], searchPath: "/x")
        var refused = 0
        for count in 0..<bytes.count {
            do { _ = try read(Array(bytes[..<count])) } catch is BuildError { refused += 1 }
        }
        for index in bytes.indices {
            for value: UInt8 in [0, 0x7f, 0xff] {
                var changed = bytes
                changed[index] = value
                do { _ = try read(changed) } catch is BuildError { refused += 1 }
            }
        }
        #expect(refused > 100)
    }
}
