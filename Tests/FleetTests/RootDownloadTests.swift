import Build
import Foundation
import Inventory
import PXE
import Testing
import Vocabulary

@testable import Fleet

@Suite("The root that a machine fetches after its initrd")
struct RootDownloadTests {
    @Test("served by its digest, and noted once when the machine has all of it")
    func noted() async throws {
        let fixture = try await FleetFixture.make()
        let store = fixture.fleet.images
        var manifest = try store.manifest(try fixture.image("web"))
        let blob = try store.blobs.store([UInt8](repeating: 7, count: 9000))
        manifest.root = .init(digest: blob.digest, size: blob.size, type: .squashfs)
        let image = try store.blobs.store(manifest.canonicalBytes)
        try await fixture.profile("web", image: image.digest.hex)
        try await fixture.machine(1)

        let boot = try #require(await fixture.fleet.ask(MachineIdentity(mac: mac(1)), from: peer(1)).boot)
        fixture.fetch(boot, number: 1)
        let name = ResourceName.blob(blob.digest)
        #expect(fixture.fleet.authority.content(name)?.length == 9000)
        let stages = {
            try await fixture.flush()
            return try await fixture.fleet.records.timeline(of: boot.boot).map(\.stage)
        }
        // Another blob, another address, and half of it are not the root.
        fixture.send(.blob(image.digest), boot: nil, to: peer(1), 0..<9000, of: 9000)
        fixture.send(name, boot: nil, to: peer(9), 0..<9000, of: 9000)
        fixture.send(name, boot: nil, to: peer(1), 0..<5000, of: 9000)
        #expect(try await stages() == [.script, .kernel, .initrd])
        fixture.send(name, boot: nil, to: peer(1), 5000..<9000, of: 9000)
        fixture.send(name, boot: nil, to: peer(1), 0..<9000, of: 9000)
        #expect(try await stages() == [.script, .kernel, .initrd, .root])
    }
}
