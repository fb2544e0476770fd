import Foundation
import Inventory
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Fleet

/// The real `ipmitool` against OpenIPMI's simulator of a management controller, which knows cipher suite 3 only.
@Suite("Power by IPMI, of a simulated controller")
struct IPMISimulatorTests {
    /// A controller whose machine is a file with `1` or `0`, and a log of what was done to it.
    private struct Simulator {
        let directory = TemporaryDirectory()
        let port: Int

        init(isOn: Bool) throws {
            port = try Self.freePort()
            let here = directory.path
            let chassis = try directory.program(
                "chassis",
                """
                [ "$2 $3" = "get power" ] || echo "$2 $3 $4" >> \(here)/calls
                [ "$2 $3" = "get power" ] && echo "power:$(cat \(here)/power)"
                [ "$2 $3" = "get boot" ] && echo boot:none
                [ "$2 $3" = "set power" ] && printf %s "$4" > \(here)/power
                exit 0
                """
            )
            try write("power", isOn ? "1" : "0")
            try write(
                "lan.conf",
                """
                name "n1"
                set_working_mc 0x20
                  startlan 1
                    addr 127.0.0.1 \(port)
                    priv_limit admin
                    allowed_auths_admin none md2 md5 straight
                    guid a123456789abcdefa123456789abcdef
                  endlan
                  chassis_control "\(chassis) 0x20"
                  user 2 true "boss" "s3cret" admin 10 none md2 md5 straight
                """
            )
            try write(
                "sim.emu",
                """
                mc_setbmc 0x20
                mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
                mc_enable 0x20

                """
            )
            try FileManager.default.createDirectory(atPath: here + "/state", withIntermediateDirectories: true)
        }

        private func write(_ name: String, _ text: String) throws {
            try Data("\(text)\n".utf8).write(to: URL(fileURLWithPath: "\(directory.path)/\(name)"))
        }

        var calls: [String] {
            let text = (try? String(contentsOfFile: directory.path + "/calls", encoding: .utf8)) ?? ""
            return text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        }

        /// Runs it for as long as `body` does.
        func running(_ body: () async throws -> Void) async throws {
            let here = directory.path
            let program = HookProgram(
                arguments: [
                    "ipmi_sim", "-c", here + "/lan.conf", "-f", here + "/sim.emu", "-s", here + "/state", "-n",
                ],
                limit: .seconds(300)
            )
            let task = Task { await program.run() }
            do {
                try await body()
            } catch {
                task.cancel()
                _ = await task.value
                throw error
            }
            task.cancel()
            _ = await task.value
        }

        /// Nobody has it now; the kernel hands others to who asks next.
        private static func freePort() throws -> Int {
            let channel = try DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .bind(host: "127.0.0.1", port: 0).wait()
            defer { try? channel.close().wait() }
            return channel.localAddress?.port ?? 0
        }
    }

    private func fixture() throws -> PowerFixture {
        let fixture = try PowerFixture { $0.timing.command = .seconds(60) }
        try fixture.secret("boss:s3cret")
        return fixture
    }

    private func machine(_ simulator: Simulator, _ fixture: PowerFixture) -> Machine {
        let host = "127.0.0.1:\(simulator.port)"
        return fixture.machine(["ipmi": .string(host), "credentials": fixture.credentials])
    }

    @Test func aMachineThatIsOffIsOverriddenAndSwitchedOn() async throws {
        let simulator = try Simulator(isOn: false)
        let fixture = try fixture()
        try await simulator.running {
            let result = await fixture.desk.perform(.on, on: machine(simulator, fixture))
            #expect(result == PowerResult(machine: "n1", driver: "ipmi", state: "on"))
        }
        #expect(simulator.calls.filter { $0.hasPrefix("set") } == ["set boot pxe", "set power 1"])
        #expect(try fixture.desk.memory.entry(of: "127.0.0.1:\(simulator.port)").cipher == 3)
    }

    @Test func aMachineThatRunsIsOverriddenAndCycled() async throws {
        let simulator = try Simulator(isOn: true)
        let fixture = try fixture()
        try await simulator.running {
            let result = await fixture.desk.perform(.cycle, on: machine(simulator, fixture))
            #expect(result == PowerResult(machine: "n1", driver: "ipmi", state: "on"))
        }
        // It switches off now, and on a few seconds later.
        #expect(simulator.calls.filter { $0.hasPrefix("set") }.prefix(2) == ["set boot pxe", "set power 0"])
    }

    @Test func aWrongPasswordIsARefusal() async throws {
        let simulator = try Simulator(isOn: true)
        let fixture = try fixture()
        try fixture.secret("boss:wr0ng-Secret")
        try await simulator.running {
            let result = await fixture.desk.perform(.status, on: machine(simulator, fixture))
            #expect(result.failure?.contains("Unable to establish IPMI v2 / RMCP+ session") == true, "\(result)")
        }
        #expect(!fixture.traces.contains("wr0ng-Secret"))
    }
}
