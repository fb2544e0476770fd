import Build
import Inventory
import PXE
import Rollout
import Testing
import Vocabulary

@testable import Fleet

@Suite("The machine segment")
struct MachineSegmentTests {
    @Test("Nothing before the kernel left, then once; a second time revokes the token and is an event")
    func once() async throws {
        let machine = try await ReportingMachine()
        let boot = try #require(await machine.fleet.ask(1).boot)
        #expect(await machine.fleet.call(.segment, of: boot.boot, from: peer(1)) == .later(seconds: 1))
        machine.fixture.fetch(boot, number: 1)
        let token = try #require(await machine.takeSegment(boot.boot))
        #expect(token.count == 64 && token.allSatisfy { "0123456789abcdef".utf8.contains($0) })
        #expect(try await machine.fixture.boots(1).first?.state == .fetched)
        #expect(await machine.report("alive", of: boot.boot, token: token) == .done)
        #expect(await machine.fleet.call(.segment, of: boot.boot, from: peer(1)) == .forbidden)
        #expect(await machine.report("up", of: boot.boot, token: token) == .unauthorized)
        #expect(try await machine.events("segment.refused") == 1)
        #expect(await machine.fleet.call(.segment, of: boot.boot, from: peer(1)) == .forbidden)
        #expect(try await machine.events("segment.refused") == 1)
    }

    @Test("Somebody else gets none and revokes it, before the machine came and after", arguments: [true, false])
    func foreign(isLate: Bool) async throws {
        let machine = try await ReportingMachine()
        let boot = try #require(await machine.fleet.ask(1).boot)
        machine.fixture.fetch(boot, number: 1)
        var token: [UInt8]?
        if isLate { token = await machine.takeSegment(boot.boot) }
        for thief in [peer(2), IPv4Address(172, 16, 0, 1)] {
            #expect(await machine.fleet.call(.segment, of: boot.boot, from: thief) == .forbidden)
        }
        #expect(try await machine.events("segment.refused") == 1)
        if let token {
            #expect(await machine.report("up", of: boot.boot, token: token) == .unauthorized)
        } else {
            #expect(await machine.fleet.call(.segment, of: boot.boot, from: peer(1)) == .forbidden)
        }
        // The machine's loader shows that it failed and asks again: another boot, which nobody has spoilt.
        let next = try #require(await machine.fleet.ask(1).boot)
        #expect(next.boot != boot.boot)
        machine.fixture.fetch(next, number: 1)
        #expect(await machine.takeSegment(next.boot) != nil)
    }

    @Test("A loader that took the segment and asks for a script again gets another boot without having failed")
    func interrupted() async throws {
        let machine = try await ReportingMachine()
        let boot = try #require(await machine.fleet.ask(1).boot)
        machine.fixture.send(.image(boot.image, part: "kernel"), boot: boot.boot, to: peer(1), 0..<6, of: 6)
        guard case .segment = await machine.fleet.call(.segment, of: boot.boot, from: peer(1)) else {
            Issue.record("no segment")
            return
        }
        let next = try #require(await machine.fleet.ask(1).boot)
        #expect(next.boot != boot.boot)
        #expect(try await machine.fixture.boots(1).map(\.state) == [.open, .closed])
        #expect(machine.fleet.standing(of: "n1")?.state.triesLeft == 2)
    }

    @Test("Two at once: one segment")
    func concurrent() async throws {
        let machine = try await ReportingMachine()
        let boot = try #require(await machine.fleet.ask(1).boot)
        machine.fixture.fetch(boot, number: 1)
        let answers = await withTaskGroup(of: MachineCallAnswer.self, returning: [MachineCallAnswer].self) { group in
            for _ in 0..<32 { group.addTask { await machine.fleet.call(.segment, of: boot.boot, from: peer(1)) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count { $0 != .forbidden } == 1)
    }

    @Test("Whoever took the machine's address gets none, though it is leased to the machine")
    func taken() async throws {
        let machine = try await ReportingMachine()
        let boot = try #require(await machine.fleet.ask(1).boot)
        machine.fixture.fetch(boot, number: 1)
        let lease = Lease(address: peer(1), mac: mac(1), expiry: Moment.now().wall + .seconds(3600))
        machine.fleet.authority.addresses.record([lease])
        machine.fixture.network[peer(1)] = mac(2)
        #expect(await machine.fleet.call(.segment, of: boot.boot, from: peer(1)) == .forbidden)
        #expect(try await machine.events("segment.refused") == 1)
        machine.fixture.network[peer(1)] = mac(1)
        #expect(await machine.fleet.call(.segment, of: boot.boot, from: peer(1)) == .forbidden, "it is revoked")

        let next = try #require(await machine.fleet.ask(1).boot)
        machine.fixture.fetch(next, number: 1)
        let token = try #require(await machine.takeSegment(next.boot))
        machine.fixture.network[peer(1)] = mac(2)
        #expect(await machine.report("up", of: next.boot, token: token) == .unauthorized)
        machine.fixture.network[peer(1)] = mac(1)
        #expect(await machine.report("up", of: next.boot, token: token) == .done)
    }

    @Test("Ten minutes after the last byte it is too late")
    func late() async throws {
        let machine = try await ReportingMachine()
        let boot = try #require(await machine.fleet.ask(1).boot)
        machine.fixture.fetch(boot, number: 1)
        let book = machine.fleet.authority.book
        let late = Moment.now() + .seconds(601)
        let handOut = book.handOut(boot.boot, token: Digest(of: []), now: late) { _ in Issue.record("handed out") }
        guard case .refused(isNews: true) = handOut else {
            Issue.record("\(handOut)")
            return
        }
        #expect(try await machine.events("segment.refused") == 1)
        #expect(await machine.fleet.call(.segment, of: boot.boot, from: peer(1)) == .forbidden)
    }

    @Test("A preview, an unknown boot and one without a segment have none")
    func none() async throws {
        let machine = try await ReportingMachine(health: .fetched)
        let boot = try #require(await machine.fleet.ask(1).boot)
        machine.fixture.fetch(boot, number: 1)
        for id in [BootID.preview, BootID(milliseconds: 5), boot.boot] {
            #expect(await machine.fleet.call(.segment, of: id, from: peer(1)) == .forbidden)
        }
    }

    @Test("The archive is what a kernel unpacks: the token for root alone, padded to 4")
    func archive() throws {
        let token = BootToken()
        let bytes = try MachineSegment(token: token).bytes()
        #expect(bytes.count.isMultiple(of: 4) && bytes.starts(with: "070701".utf8))
        #expect(ReportingMachine.token(in: bytes) == token.text)
        #expect(BootToken.matches(token.text, token.digest) && !BootToken.matches(BootToken().text, token.digest))
    }
}
