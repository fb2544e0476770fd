import Inventory
import PXE
import Rollout
import Testing
import Vocabulary

@testable import Fleet

@Suite("A machine boots")
struct BootFlowTests {
    let fixture: FleetFixture
    let image: Digest
    var fleet: FleetService { fixture.fleet }

    init() async throws {
        fixture = try await FleetFixture.make()
        image = try fixture.image("web")
        try await fixture.profile("web")
        try await fixture.machine(1)
    }

    @Test("Its script begins a boot that is in the ledger with all that led to it")
    func beginning() async throws {
        fixture.discover(1)
        fixture.discover(1)
        fleet.authority.observe(.loaderOffered(MachineIdentity(mac: mac(1)), loader: "ipxe.efi"))
        let boot = try #require(await fleet.ask(1).boot)
        #expect(boot.image == image && boot.machine == "n1" && boot.mac == mac(1) && boot.hasInitrd)
        #expect(boot.commandLine == "image=web console=ttyS0")
        let record = try #require(try await fixture.boots(1).first)
        #expect(record.id == boot.boot && record.state == .open && record.image == image && record.release == 1)
        let timeline = try await fleet.records.timeline(of: boot.boot)
        #expect(timeline.map(\.stage) == [.dhcp, .loader, .script])
    }

    @Test("Repeats and other cards join it")
    func joining() async throws {
        let first = try #require(await fleet.ask(1).boot)
        let second = try #require(await fleet.ask(1, card: 1).boot)
        #expect(second.boot == first.boot && second.mac == mac(1, card: 1))
        fixture.discover(1, client: .ipxe)
        #expect(await fleet.ask(1).boot == first)
        #expect(try await fixture.boots(1).count == 1)
    }

    @Test("Concurrent requests of one machine are one boot")
    func concurrent() async throws {
        let fleet = fleet
        let ids = await withTaskGroup(of: BootID?.self, returning: Set<BootID?>.self) { group in
            for _ in 0..<64 { group.addTask { await fleet.ask(1).boot?.boot } }
            return await group.reduce(into: []) { $0.insert($1) }
        }
        #expect(ids.count == 1 && ids.first != .some(nil))
    }

    @Test("Fetched in pieces, late and twice, it is fetched once everything left")
    func fetching() async throws {
        let boot = try #require(await fleet.ask(1).boot)
        let kernel = ResourceName.image(image, part: "kernel")
        let initrd = ResourceName.boot(boot.boot, part: "initrd")
        fixture.send(kernel, boot: boot.boot, to: peer(1), 3..<6, of: 6)
        fixture.send(initrd, boot: nil, to: peer(1), 0..<6, of: 6)
        fixture.send(kernel, boot: nil, to: peer(1), 0..<2, of: 6)
        #expect(try await fixture.boots(1).first?.state == .open)
        fixture.send(kernel, boot: boot.boot, to: peer(1), 1..<4, of: 6)
        let record = try #require(try await fixture.boots(1).first)
        #expect(record.state == .fetched && record.spentTry)
        #expect(fleet.standing(of: "n1")?.state.triesLeft == 1)
        let stages = try await fleet.records.timeline(of: boot.boot).map(\.stage)
        #expect(stages == [.script, .initrd, .kernel])
    }

    @Test("Bytes of another boot, and of another image, are not its own")
    func foreignBytes() async throws {
        let boot = try #require(await fleet.ask(1).boot)
        let other = try fixture.image("other", "another kernel")
        let initrd = ResourceName.boot(boot.boot, part: "initrd")
        fixture.send(initrd, boot: nil, to: peer(1), 0..<6, of: 6)
        let kernel = ResourceName.image(image, part: "kernel")
        fixture.send(kernel, boot: BootID(milliseconds: 1), to: peer(1), 0..<6, of: 6)
        fixture.send(.image(other, part: "kernel"), boot: boot.boot, to: peer(1), 0..<14, of: 14)
        #expect(try await fixture.boots(1).first?.state == .open)
        fixture.send(kernel, boot: boot.boot, to: peer(1), 0..<6, of: 6)
        #expect(try await fixture.boots(1).first?.state == .fetched)
    }

    @Test("It settles into health, and the next request ends it")
    func settling() async throws {
        let boot = try #require(await fleet.ask(1).boot)
        fixture.fetch(boot, number: 1)
        fleet.authority.book.healthDue(.now() + .seconds(299))
        #expect(fleet.standing(of: "n1")?.state.lastGood == nil)
        fleet.authority.book.healthDue(.now() + .seconds(301))
        let state = try #require(fleet.standing(of: "n1")?.state)
        #expect(state.lastGood == image && state.phase == .steady)
        #expect(try await fixture.boots(1).first?.state == .healthy)
        let next = try #require(await fleet.ask(1).boot)
        #expect(next.boot != boot.boot)
        #expect(try await fixture.boots(1).map(\.state) == [.open, .closed])
    }

    @Test("A DISCOVER before it settled makes it a failure", arguments: [BootClientKind.pxe, .httpBoot, .ipxe])
    func failing(_ client: BootClientKind) async throws {
        let boot = try #require(await fleet.ask(1).boot)
        fixture.fetch(boot, number: 1)
        fixture.discover(1, client: client)
        let record = try #require(try await fixture.boots(1).first)
        #expect(record.state == .failed && record.closed != nil)
        fleet.authority.book.healthDue(.now() + .seconds(301))
        #expect(fleet.standing(of: "n1")?.state.lastGood == nil)
        #expect(try await fleet.records.events().contains { $0.kind == "boot.failed" && $0.subject == "n1" })
    }

    @Test("A DISCOVER of its operating system means nothing")
    func operatingSystem() async throws {
        let boot = try #require(await fleet.ask(1).boot)
        fixture.fetch(boot, number: 1)
        fixture.discover(1, client: .other)
        #expect(try await fixture.boots(1).first?.state == .fetched)
    }

    @Test("After two failures of its first image it is held, and says why")
    func held() async throws {
        for _ in 0..<2 {
            fixture.fetch(try #require(await fleet.ask(1).boot), number: 1)
            fixture.discover(1)
        }
        #expect(await fleet.ask(1).lines.contains("never healthy"))
        #expect(fleet.standing(of: "n1")?.state.phase == .stuck)
    }

    @Test("A restart joins the open boot and knows what was fetched")
    func restart() async throws {
        let boot = try #require(await fleet.ask(1).boot)
        fixture.send(.image(image, part: "kernel"), boot: boot.boot, to: peer(1), 0..<6, of: 6)
        try await fixture.flush()
        let again = try await fixture.restarted()
        defer { again.ledger.close() }
        #expect(await again.ask(1).boot?.boot == boot.boot)
        again.authority.observe(
            .transferred(
                Transfer(
                    carrier: .http,
                    peer: peer(1),
                    name: .image(image, part: "initrd"),
                    boot: boot.boot,
                    range: 0..<6,
                    total: 6
                )
            )
        )
        try await again.ledger.commit([])
        #expect(try await again.records.boots(machine: "n1").first?.state == .fetched)
    }

    @Test("A restart after everything was fetched waits for health anew")
    func restartInProbation() async throws {
        fixture.fetch(try #require(await fleet.ask(1).boot), number: 1)
        try await fixture.flush()
        let again = try await fixture.restarted()
        defer { again.ledger.close() }
        again.authority.book.healthDue(.now() + .seconds(301))
        #expect(again.standing(of: "n1")?.state.lastGood == image)
        #expect(again.standing(of: "n1")?.state.triesLeft == 1)
    }
}

@Suite("Requests from elsewhere have no effect")
struct ForeignRequestTests {
    let fixture: FleetFixture
    var fleet: FleetService { fixture.fleet }

    init() async throws {
        fixture = try await FleetFixture.make()
        try fixture.image("web")
        try await fixture.profile("web")
        try await fixture.machine(1)
        try await fixture.machine(2)
    }

    @Test("Another machine's address, an unknown one, and HEAD get the script dry", arguments: [0, 1, 2])
    func dry(_ way: Int) async throws {
        let identity = MachineIdentity(mac: mac(1))
        let answer =
            switch way {
            case 0: await fleet.ask(identity, from: peer(2))
            case 1: await fleet.ask(identity, from: IPv4Address(172, 16, 0, 1))
            default: await fleet.ask(identity, from: peer(1), dry: true)
            }
        #expect(answer.boot?.boot == .preview && answer.boot?.machine == "n1")
        #expect(try await fixture.boots(1).isEmpty)
        #expect(fleet.standing(of: "n1")?.state.bootEpoch == 0)
    }

    @Test("Bytes that went elsewhere are not the machine's")
    func transfers() async throws {
        let boot = try #require(await fleet.ask(1).boot)
        fixture.fetch(boot, number: 1, from: peer(2))
        fixture.fetch(boot, number: 1, from: IPv4Address(172, 16, 0, 1))
        #expect(try await fixture.boots(1).first?.state == .open)
    }

    @Test("A lease says whose an address is, before the neighbours do")
    func leases() async throws {
        let expiry = Moment.now().wall + .seconds(3600)
        let lease = Lease(address: peer(2), mac: mac(1), expiry: expiry)
        await withCheckedContinuation { done in fleet.authority.commit([lease]) { _ in done.resume() } }
        #expect(await fleet.ask(MachineIdentity(mac: mac(1)), from: peer(2)).boot?.boot != .preview)
        #expect(await fleet.ask(MachineIdentity(mac: mac(2)), from: peer(2)).boot?.boot == .preview)
        #expect(try fleet.authority.leases() == [lease])
    }

    @Test("What a relay passed on counts where nobody else knows")
    func relayed() async throws {
        let routed = IPv4Address(172, 16, 0, 1)
        fleet.authority.observe(.addressed(routed, mac: mac(1)))
        #expect(await fleet.ask(MachineIdentity(mac: mac(1)), from: routed).boot?.boot != .preview)
        #expect(await fleet.ask(MachineIdentity(mac: mac(2)), from: routed).boot?.boot == .preview)
    }

    @Test("GRUB, which names no card, is known by its address")
    func byAddress() async throws {
        let boot = await fleet.ask(MachineIdentity(), from: peer(2), dialect: .grub).boot
        #expect(boot?.machine == "n2" && boot?.mac == mac(2) && boot?.boot != .preview)
    }
}
