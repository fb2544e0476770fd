import Testing
import Vocabulary

@testable import Build

@Suite("Locks")
struct PackageLockTests {
    private static let digests = ["a", "b", "c"].map { Digest(of: Array($0.utf8)) }
    private static let web = DockerReference("localhost/web:latest")!

    private static func package(_ name: String, _ version: String, _ digest: Int) -> ResolvedPackage {
        ResolvedPackage(name: name, version: version, architecture: "amd64", digest: digests[digest])
    }

    @Test func areReadAsTheyWereWritten() throws {
        var lock = PackageLock()
        lock.set([Self.package("zlib1g", "1:1.2", 0), Self.package("nginx", "1.22.1-9", 1)], of: Self.web, .amd64)
        lock.set([Self.package("nginx", "1.22.1-8", 2)], of: Self.web, .arm64)
        #expect(lock.text.hasPrefix("localhost/web:latest amd64 nginx 1.22.1-9 amd64 \(Self.digests[1])\n"))
        let read = try PackageLock(parsing: "# remarks\n\n" + lock.text, path: "x.lock")
        #expect(read == lock)
        #expect(read.packages(of: Self.web, .amd64)?.map(\.name) == ["nginx", "zlib1g"])
        #expect(read.packages(of: DockerReference("localhost/db:latest")!, .amd64) == nil)
    }

    @Test(arguments: ["a b c", "a amd64 b 1 amd64 sha256:12", "a vax b 1 amd64 sha256:\(digests[0].hex)"])
    func otherLinesAreRefusedWithTheirPlace(line: String) {
        let error = #expect(throws: BuildError.self) { try PackageLock(parsing: "# x\n\(line)\n", path: "x.lock") }
        #expect(error?.message.hasPrefix("x.lock:2: found '\(line)'") == true)
    }

    @Test func differencesAreNamed() {
        let old = [Self.package("a", "1", 0), Self.package("b", "1", 0), Self.package("c", "1", 0)]
        let new = [Self.package("b", "2", 1), Self.package("c", "1", 0), Self.package("d", "1", 2)]
        #expect(
            PackageChange.between(old, new) == [
                PackageChange(name: "a", old: "1", new: nil), PackageChange(name: "b", old: "1", new: "2"),
                PackageChange(name: "d", old: nil, new: "1"),
            ]
        )
        #expect(PackageChange.between(old, old).isEmpty)
    }
}
