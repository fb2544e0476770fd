import Build
import Foundation
import Testing

@testable import muster

#if canImport(Glibc)
import Glibc
#endif

@Suite("A lab leaves nothing behind")
struct LifeTests {
    @Test func notEvenWhenItIsKilled() async throws {
        try await RunningLab.with(.bios) { lab in
            let state = try #require(try LabState.running(in: lab.data + "/lab"))
            #expect(kill(state.process, SIGKILL) == 0)
            let clock = ContinuousClock()
            let deadline = clock.now + .seconds(10)
            while try !lab.leftovers().isEmpty, clock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
            #expect(try lab.leftovers() == [], "server and machines are tied to the lab's process")
            #expect(try await lab.muster(["lab", "down"]).hasPrefix("no lab is running"))
        }
    }

    @Test func withoutATerminalItEndsWhenTheSystemIsUp() async throws {
        await LabHost.shared.takeTurn()
        let result = await Result {
            let data = try await LabHost.shared.dataDirectory(for: .bios)
            defer { try? FileManager.default.removeItem(atPath: data) }
            let output = try await HostProgram.run(LabHost.executable, ["lab", "run", "--data", data])
            #expect(output.contains("MUSTER-UP machine=lab-1 mac=52:54:00:77:00:01 boot="))
            #expect(try RunningLab(data: data, firmware: .bios).leftovers() == [])
        }
        await LabHost.shared.giveTurn()
        try result.get()
    }
}
