import Synchronization
import Testing
import Vocabulary

@testable import Build

@Suite("Builds that several ask for", .timeLimit(.minutes(1)))
struct SharedBuildsTests {
    private let builds = SharedBuilds()

    /// A build that says where it is and ends when it is told to.
    private final class Work: Sendable {
        private struct State {
            var begun = 0
            var cancelled = 0
            /// Who was told something.
            var told: Set<Int> = []
        }
        private let state = Mutex(State())
        private let gate = AsyncStream<Void>.makeStream()
        private let error: String?

        /// - Parameter error: what it fails with in the end.
        init(error: String? = nil) { self.error = error }

        var begun: Int { state.withLock { $0.begun } }
        var cancelled: Int { state.withLock { $0.cancelled } }

        func observer(_ number: Int) -> BuildObserver {
            { _ in self.state.withLock { _ = $0.told.insert(number) } }
        }

        /// Goes on once that many watch, and `finish` was called.
        func run(watchers: Int, _ observe: @escaping BuildObserver) async throws -> BuiltImage {
            state.withLock { $0.begun += 1 }
            while state.withLock({ $0.told.count }) < watchers {
                observe(.warning("still there"))
                await Task.yield()
            }
            for await _ in gate.stream { break }
            if Task.isCancelled {
                state.withLock { $0.cancelled += 1 }
                throw CancellationError()
            }
            if let error { throw BuildError(.corrupt, error) }
            return SharedBuildsTests.image
        }

        func finish() { gate.continuation.finish() }

        func waitUntil(_ isTrue: @Sendable (Work) -> Bool) async { while !isTrue(self) { await Task.yield() } }

        func isTold(_ count: Int) -> Bool { state.withLock { $0.told.count } >= count }
    }

    private static let image = BuiltImage(
        manifest: ImageManifest(architecture: .amd64, kernel: Blob(digest: Digest(of: []), size: 0), initrd: []),
        root: MachineRoot(parts: [], entries: [], kernel: nil, commandLine: "", microcode: nil),
        contents: BytesReader()
    )

    private func ask(_ number: Int, of work: Work, watchers: Int) throws -> Task<BuiltImage, any Error> {
        let request = try BuildRequest()
        return Task { [builds] in
            try await builds.join(request, observe: work.observer(number)) { observe in
                try await work.run(watchers: watchers, observe)
            }
        }
    }

    @Test("many ask and one builds; one who leaves is told at once, and changes nothing for the others")
    func together() async throws {
        let work = Work()
        let asking = try (0..<8).map { try ask($0, of: work, watchers: 8) }
        await work.waitUntil { $0.isTold(8) }
        asking[0].cancel()
        asking[5].cancel()
        // Nobody has finished the build yet.
        for index in [0, 5] {
            await #expect(throws: CancellationError.self) { try await asking[index].value }
        }
        work.finish()
        for index in [1, 2, 3, 4, 6, 7] {
            #expect(try await asking[index].value.manifest == Self.image.manifest)
        }
        #expect(work.begun == 1 && work.cancelled == 0)
    }

    @Test("when the last one leaves, the build is cancelled, and whoever asks next begins anew")
    func abandoned() async throws {
        let work = Work()
        let asking = try (0..<3).map { try ask($0, of: work, watchers: 3) }
        await work.waitUntil { $0.isTold(3) }
        for task in asking { task.cancel() }
        for task in asking { await #expect(throws: CancellationError.self) { try await task.value } }
        await work.waitUntil { $0.cancelled == 1 }
        let second = Work()
        let next = try ask(0, of: second, watchers: 1)
        second.finish()
        #expect(try await next.value.manifest == Self.image.manifest)
        #expect(work.begun == 1 && second.begun == 1)
    }

    @Test("what one build throws, all who asked get; another request is another build")
    func failure() async throws {
        var other = try BuildRequest()
        other.isCompact = true
        let (first, second) = (Work(error: "first"), Work(error: "second"))
        let others = Task { [builds, other] in
            try await builds.join(other, observe: second.observer(0)) { try await second.run(watchers: 1, $0) }
        }
        let asking = try (0..<3).map { try ask($0, of: first, watchers: 3) }
        first.finish()
        second.finish()
        for task in asking {
            let error = await #expect(throws: BuildError.self) { try await task.value }
            #expect(error?.message == "first")
        }
        let error = await #expect(throws: BuildError.self) { try await others.value }
        #expect(error?.message == "second")
        #expect(first.begun == 1 && second.begun == 1)
    }
}
