import Build
import Synchronization
import Testing
import Vocabulary

@testable import Fleet

/// Makes an image whose kernel is the definition's command line, or fails; remembers what it was asked for.
final class StubBuilder: ImageBuilding {
    struct State {
        var requests: [BuildRequest] = []
        var failure: String?
        /// What the world gives the same definition: a tag that moved.
        var world = ""
        var images: ImageStore?
    }
    let state = Mutex(State())

    func build(_ request: BuildRequest, observe: @escaping BuildObserver) async throws -> Digest {
        let (failure, world, store) = state.withLock { state in
            state.requests.append(request)
            return (state.failure, state.world, state.images)
        }
        observe(.resolving(source: "example.org/kernel"))
        if let failure { throw BuildError(.notFound, failure) }
        let images = try #require(store)
        let text = (request.definition.kernel?.commandLine ?? "") + world
        let kernel = try images.blobs.store(Array("kernel \(text)".utf8))
        let manifest = ImageManifest(
            architecture: request.architecture,
            kernel: Blob(digest: kernel.digest, size: kernel.size),
            initrd: [],
            commandLine: text
        )
        return try images.blobs.store(manifest.canonicalBytes).digest
    }

    var count: Int { state.withLock { $0.requests.count } }
}
