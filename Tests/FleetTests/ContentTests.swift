import Build
import Foundation
import PXE
import Testing
import Vocabulary

@testable import Fleet

@Suite("The bytes behind names")
struct ContentTests {
    @Test("120: parts of an initrd begin and end on multiples of four")
    func initrd() async throws {
        let fixture = try await FleetFixture.make()
        let image = try fixture.image("web", initrds: ["12345", "abc"])
        let content = try #require(fixture.fleet.authority.content(.image(image, part: "initrd")))
        #expect(content.length == 12 && content.isImmutable && content.digest != nil)
        let sizes = content.pieces.map(\.count)
        #expect(sizes == [5, 3, 3, 1])
        guard case .bytes([0, 0, 0]) = content.pieces[1] else {
            Issue.record("no padding")
            return
        }
    }

    @Test("One initrd that needs no padding is served as it is, under its own digest")
    func plain() async throws {
        let fixture = try await FleetFixture.make()
        let image = try fixture.image("web", initrds: ["12345678"])
        let authority = fixture.fleet.authority
        #expect(authority.content(.image(image, part: "initrd"))?.length == 8)
        #expect(authority.content(.image(image, part: "initrd"))?.digest == Digest(of: "12345678".utf8))
        #expect(authority.content(.image(image, part: "kernel"))?.digest == Digest(of: "kernel".utf8))
        #expect(authority.content(.image(image, part: "manifest.json"))?.digest == image)
        #expect(authority.content(.blob(Digest(of: "kernel".utf8)))?.length == 6)
    }

    @Test("What is not there is nothing")
    func missing() async throws {
        let fixture = try await FleetFixture.make()
        let image = try fixture.image("web", initrds: [])
        let authority = fixture.fleet.authority
        let names: [ResourceName] = [
            .image(image, part: "initrd"), .image(image, part: "../kernel"), .blob(Digest(of: [])),
            .image(Digest(of: []), part: "kernel"), .loader("../../etc/passwd"), .loader("none.efi"),
            .boot(.preview, part: "kernel"), .boot(BootID(milliseconds: 1), part: "kernel"),
        ]
        for name in names { #expect(authority.content(name) == nil, "\(name)") }
    }

    @Test("What is there and cannot be served is nothing to who asks, and is logged once")
    func unopenable() async throws {
        let fixture = try await FleetFixture.make()
        let (image, broken) = (try fixture.image("web", "one"), Digest(of: "two".utf8))
        let authority = fixture.fleet.authority
        let blobs = fixture.fleet.images.blobs
        fixture.fleet.loaders.replace(with: [LoaderFile(name: "x.efi", path: fixture.path + "/x.efi")])
        // A directory where a blob should be, and an image without its kernel.
        try FileManager.default.createDirectory(atPath: blobs.path(of: broken), withIntermediateDirectories: false)
        try FileManager.default.removeItem(atPath: blobs.path(of: Digest(of: "one".utf8)))
        for _ in 0..<3 {
            for name in [.loader("x.efi"), .blob(broken), .image(image, part: "kernel")] as [ResourceName] {
                #expect(authority.content(name) == nil)
            }
            // Nobody promised these.
            for name in [.loader("y.efi"), .blob(Digest(of: [])), .image(Digest(of: []), part: "kernel")]
                as [ResourceName]
            {
                #expect(authority.content(name) == nil)
            }
        }
        let reasons = fixture.log.entries.compactMap { $0.metadata["reason"]?.description }
        #expect(reasons.count == 3)
        for (reason, path) in zip(reasons, ["/x.efi", broken.hex, Digest(of: "one".utf8).hex]) {
            #expect(reason.contains("cannot open") && reason.contains(path))
        }
    }

    @Test("Loaders are what was found, and change at a reload")
    func loaders() async throws {
        let fixture = try await FleetFixture.make()
        let path = fixture.path + "/x.efi"
        try Data("one".utf8).write(to: URL(fileURLWithPath: path))
        let loaders = fixture.fleet.loaders
        loaders.replace(with: [LoaderFile(name: "x.efi", path: path), LoaderFile(name: "x.efi", path: "/nowhere")])
        let content = try #require(fixture.fleet.authority.content(.loader("x.efi")))
        #expect(content.length == 3 && content.mediaType == "application/efi" && !content.isImmutable)
        loaders.replace(with: [])
        #expect(fixture.fleet.authority.content(.loader("x.efi")) == nil)
    }

    @Test("A boot's own names work while it is open")
    func bootNames() async throws {
        let fixture = try await FleetFixture.make()
        try fixture.image("web")
        try await fixture.profile("web")
        try await fixture.machine(1)
        let boot = try #require(await fixture.fleet.ask(1).boot)
        #expect(fixture.fleet.authority.content(.boot(boot.boot, part: "kernel"))?.length == 6)
        #expect(fixture.fleet.authority.content(.boot(boot.boot, part: "initrd"))?.length == 8)
    }
}
