import Build
import Inventory
import PXE
import Rollout
import Testing
import Vocabulary

@testable import Fleet

extension FleetService {
    func call(
        _ kind: MachineCall.Kind,
        of boot: BootID,
        from peer: IPv4Address,
        token: [UInt8]? = nil,
        body: String = ""
    ) async -> MachineCallAnswer {
        let call = MachineCall(
            boot: boot,
            kind: kind,
            peer: peer,
            token: token,
            body: Array(body.utf8),
            server: Endpoint(address: IPv4Address(10, 0, 0, 254), port: 8080)
        )
        return await withCheckedContinuation { continuation in
            authority.answer(call) { continuation.resume(returning: $0) }
        }
    }
}

/// Machine 1, whose profile waits for the agent.
struct ReportingMachine {
    let fixture: FleetFixture
    let image: Digest
    var fleet: FleetService { fixture.fleet }

    init(health: Health? = .agent) async throws {
        fixture = try await FleetFixture.make()
        image = try fixture.image("web")
        try await fixture.profile("web", health: health)
        try await fixture.machine(1)
        try await fixture.machine(2)
    }

    /// Boots, fetches everything and takes its segment.
    func boot() async throws -> (boot: BootInstructions, token: [UInt8]) {
        let boot = try #require(await fleet.ask(1).boot)
        #expect(boot.hasSegment)
        fixture.fetch(boot, number: 1)
        return (boot, try #require(await takeSegment(boot.boot)))
    }

    /// The token in the segment; nil when none is handed out.
    func takeSegment(_ boot: BootID, from address: IPv4Address = peer(1)) async -> [UInt8]? {
        guard case .segment(let bytes) = await fleet.call(.segment, of: boot, from: address) else { return nil }
        let count = UInt64(bytes.count)
        fixture.send(.call(boot, .segment), boot: boot, to: address, 0..<count, of: count)
        return Self.token(in: bytes)
    }

    /// The only 64 hexadecimal digits in a row that are nobody's header: the file's content, which ends on a NUL.
    static func token(in segment: [UInt8]) -> [UInt8]? {
        let name = Array(MachineSegment.tokenPath.utf8) + [0]
        guard let start = segment.indices.first(where: { segment[$0...].starts(with: name) }) else { return nil }
        // Header (110) and name are padded to a multiple of 4, and the header begins on one.
        let data = (start + name.count + 3) / 4 * 4
        return Array(segment[data..<data + 64])
    }

    func report(_ state: String, of boot: BootID, token: [UInt8], rest: String = "") async -> MachineCallAnswer {
        await fleet.call(.report, of: boot, from: peer(1), token: token, body: #"{"state":"\#(state)"\#(rest)}"#)
    }

    func events(_ kind: String) async throws -> Int {
        try await fixture.flush()
        return try await fleet.records.events().count { $0.kind == kind }
    }
}
