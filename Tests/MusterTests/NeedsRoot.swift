import Testing

#if canImport(Glibc)
import Glibc
#endif

/// For tests that make namespaces, mount file systems or start the server as root: without root they fail and say so.
struct NeedsRoot: SuiteTrait, TestTrait, TestScoping {
    struct Missing: Error, CustomStringConvertible {
        let description = "needs root, and runs as user \(geteuid()): `sudo make test`"
    }

    var isRecursive: Bool { true }

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable () async throws -> Void
    ) async throws {
        guard geteuid() == 0 else { throw Missing() }
        try await function()
    }
}

extension Trait where Self == NeedsRoot {
    static var needsRoot: Self { NeedsRoot() }
}
