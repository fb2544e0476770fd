import Control
import Foundation
import Testing
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

@Suite("Acknowledged leases and kill -9", .blocking, .serialized, .needsRoot)
struct LeaseFaultTests {
    @Test("Every lease that was acknowledged before a kill -9 is there after it, and stays its machine's")
    func killedInALoop() throws {
        let server = try FaultServer()
        let machines = try RelayedMachines(server.network)
        var generator = SeededGenerator(state: 67)
        var acknowledged: [MACAddress: IPv4Address] = [:]
        for _ in 0..<(isLongRun ? 50 : 5) {
            let life = UInt32.random(in: 50_000...600_000, using: &generator)
            let identifier = server.identifier
            // The moment is the clock's, not the exchanges'.
            let killer = Thread {
                usleep(life)
                Glibc.kill(identifier, SIGKILL)
            }
            killer.start()
            while server.isRunning {
                let group = (0..<16).map { _ in machines.next() }
                acknowledged.merge(machines.acquire(group)) { $1 }
            }
            server.kill()
            try server.start()
        }
        #expect(acknowledged.count > 16)
        #expect(Set(acknowledged.values).count == acknowledged.count, "an address was given twice")
        let listed = try leases(server)
        for (mac, address) in acknowledged { #expect(listed[mac] == address, "\(mac)") }
        // Each is offered what it has.
        for group in Array(acknowledged.keys).chunked(16) {
            try server.eventually("every machine is answered") {
                let offers = machines.offers(to: Array(group))
                for (mac, offer) in offers { #expect(offer.yiaddr == acknowledged[mac], "\(mac)") }
                return offers.count == group.count
            }
        }
    }

    private func leases(_ server: FaultServer) throws -> [MACAddress: IPv4Address] {
        let output = try server.muster(["get", "leases", "-o", "json"]).output
        let leases = try ControlJSON.decoder.decode([LeaseView].self, from: Data(output.utf8))
        return Dictionary(leases.map { ($0.mac, $0.address) }) { $1 }
    }
}

extension Array {
    fileprivate func chunked(_ size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
