import PXE
import Synchronization
import Testing
import Vocabulary

@testable import Simulator

@Suite("The machines of a simulation")
struct SimulatedFleetTests {
    @Test("what is due in the turn in which a simulation ends finds them")
    func end() async throws {
        // Nobody answers there.
        let server = IPv4Address(127, 77, 0, 9)
        var configuration = Simulation.Configuration(machines: 1, over: .zero, server: server, relay: server)
        configuration.ending = .zero
        let loop = try EventLoop(name: "test")
        let calls = Mutex((all: 0, late: 0))
        try await loop.run { [configuration] loop in
            let fleet = try SimulatedFleet(configuration, loop: loop) { _, _ in }
            fleet.begin()
            // The second look, 200 ms after the first one, ends it: some of these come in the same turn, behind it.
            for step in 0..<200 {
                loop.schedule(after: .milliseconds(200) + .microseconds(50 * step)) { [weak fleet] in
                    calls.withLock { calls in
                        calls.all += 1
                        if fleet == nil { calls.late += 1 }
                    }
                }
            }
        }
        let (all, late) = calls.withLock { $0 }
        #expect(all > 0 && late == 0)
    }
}
