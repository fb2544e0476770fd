import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite("The inventory is away", .blocking, .serialized, .needsRoot)
struct ServedInventoryFaultTests {
    @Test(
        "Machines boot meanwhile and after a restart; people are told what is wrong and what to do; then all is well",
        arguments: InventoryDamage.allCases
    )
    func damaged(_ damage: InventoryDamage) throws {
        let server = try FaultServer()
        let damager = try InventoryDamager(server)
        try server.waitForCheck("inventory", isReady: true)
        try server.boot("before")
        try server.eventually("what n1 said is written") {
            try server.muster(["get", "machines", "-o", "json"]).output.contains("amd64")
        }
        try snapshotIsKept(server)
        try damager.inflict(damage)
        try server.boot("while it is \(damage)")
        try expectReports(server, damage)

        server.kill()
        try server.start()
        try server.boot("after a restart while it is \(damage)")
        try expectReports(server, damage)

        try damager.repair(damage)
        try server.waitForCheck("inventory", isReady: true)
        try server.boot("after the repair")
        try server.muster(["set", "n1", "--state", "maintenance"])
        #expect(try server.muster(["get", "machines"]).output.contains("maintenance"))
        #expect(try server.muster(["get", "events"]).output.contains("inventory.available"))
    }

    /// Everything that a person looks at says so, and nothing is changed.
    private func expectReports(_ server: FaultServer, _ damage: InventoryDamage) throws {
        let message = try server.waitForCheck("inventory", isReady: false, saying: damage.words[0])
        for word in damage.words { #expect(message.contains(word), "\(message)") }
        let doctor = try server.muster(["doctor"], mustSucceed: false)
        #expect(doctor.status == 1)
        for word in damage.words { #expect(doctor.output.contains(word), "\(doctor.output)") }
        let change = try server.muster(["set", "n1", "--state", "maintenance"], mustSucceed: false)
        #expect(change.status == 1)
        #expect(change.errors.contains(damage.words[0]), "\(change.errors)")
        // What is known can still be looked at.
        let machines = try server.muster(["get", "machines"])
        #expect(machines.output.contains("n1") && !machines.output.contains("maintenance"))
    }

    @Test("An older or an empty inventory never takes the place of what the boot plane knows")
    func olderInventory() throws {
        let server = try FaultServer()
        let path = server.data + "/inventory.sqlite"
        try snapshotIsKept(server)
        server.kill()
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        // As SQLite's own shell leaves one that was only looked at.
        try Data().write(to: URL(fileURLWithPath: path))
        try server.start()
        try server.boot("with an empty inventory")
        let message = try server.waitForCheck("inventory", isReady: false, saying: "replaced by an older one")
        #expect(message.contains("Put the right one back"))
        let cure = "rm \(server.data)/snapshot "
        #expect(try server.muster(["doctor"], mustSucceed: false).output.contains(cure))
        #expect(try server.muster(["get", "machines"]).output.contains("n1"))
        server.kill()
        try server.start()
        try server.boot("with an empty inventory, a restart later")

        // What doctor said to do.
        server.kill()
        try FileManager.default.removeItem(atPath: server.data + "/snapshot")
        try server.start()
        try server.waitForCheck("inventory", isReady: true)
        #expect(try !server.muster(["get", "machines"]).output.contains("n1"))
    }

    /// Waits until the snapshot file has what was applied.
    private func snapshotIsKept(_ server: FaultServer) throws {
        try server.eventually("the snapshot file is written") {
            let file = FileManager.default.contents(atPath: server.data + "/snapshot") ?? Data()
            // The release of `web` is a commit of its own, after the resources'.
            return file.range(of: Data("n1".utf8)) != nil && file.range(of: Data("web".utf8)) != nil
        }
    }
}
