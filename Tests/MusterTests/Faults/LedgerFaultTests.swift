import Foundation
import Testing
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

@Suite("The ledger's disk is full", .blocking, .serialized, .needsRoot)
struct ServedLedgerFaultTests {
    /// A small file system as the data directory, which can be filled.
    private final class SmallDisk {
        private var path = ""

        func mount(on path: String) throws {
            try Finished(running: ["mount", "-t", "tmpfs", "-o", "size=48m,mode=755", "muster-test", path]).succeeded()
            self.path = path
        }

        /// Leaves no byte.
        func fill() throws {
            let descriptor = open(path + "/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            try #require(descriptor >= 0)
            defer { close(descriptor) }
            for size in [1 << 20, 1 << 12] {
                let bytes = [UInt8](repeating: 0, count: size)
                while write(descriptor, bytes, size) > 0 {}
            }
        }

        func makeRoom() { unlink(path + "/filler") }

        deinit {
            if !path.isEmpty { _ = try? Finished(running: ["umount", "-l", path]) }
        }
    }

    @Test("Proven machines with a lease boot from memory, nothing new is granted, and all say so; then it goes on")
    func full() throws {
        let disk = SmallDisk()
        defer { withExtendedLifetime(disk) {} }
        let server = try FaultServer { try disk.mount(on: $0) }
        try server.boot("the first time")
        try server.eventually("n1 is healthy") {
            try server.muster(["get", "events"]).output.contains("boot.healthy")
        }
        let machines = try RelayedMachines(server.network)
        let known = machines.next()
        let address = try #require(machines.acquire([known])[known])

        try disk.fill()
        // The pages that the file system gave before take a few more.
        var refused = machines.next()
        var refusals = 0
        try server.eventually("no lease is given") {
            refused = machines.next()
            refusals = machines.acquire([refused]).isEmpty ? refusals + 1 : 0
            return refusals == 4
        }
        let message = try server.waitForCheck("ledger", isReady: false, saying: "full")
        #expect(message.contains("nothing new is granted"))
        let doctor = try server.muster(["doctor"], mustSucceed: false)
        #expect(doctor.status == 1 && doctor.output.contains("nothing new is granted"), "\(doctor.output)")
        try server.boot("with a full disk")
        #expect(machines.acquire([known]) == [known: address], "a known lease is from memory")
        #expect(try server.muster(["get", "machines"]).output.contains("n1"))

        disk.makeRoom()
        try server.waitForCheck("ledger", isReady: true)
        #expect(machines.acquire([refused]).count == 1)
        try server.boot("with room again")
    }
}
