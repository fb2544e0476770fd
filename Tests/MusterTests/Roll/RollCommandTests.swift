import ArgumentParser
import Control
import Foundation
import Rollout
import Testing
import Vocabulary

@testable import muster

@Suite("Commands about rolls and power", .blocking)
struct RollCommandTests {
    private func start(_ arguments: String...) throws -> RolloutRequest {
        let command = try Muster.parseAsRoot(["roll"] + arguments)
        return try #require(command as? Roll.Start).flags.request()
    }

    @Test("a profile begins a roll, whatever stands before it, and one that is called like a command has an option")
    func profiles() throws {
        #expect(try start("web") == RolloutRequest(profile: "web"))
        #expect(try start("-w", "web").profile == "web")
        #expect(try start("--profile", "status") == RolloutRequest(profile: "status"))
        let named = try start("--profile", "status", "n1", "n2")
        #expect(named.profile == "status" && named.machines == MachineSelection(names: ["n1", "n2"]))
        #expect(try Muster.parseAsRoot(["roll", "status"]) is Roll.Status)
        #expect((try Muster.parseAsRoot(["roll", "abort", "web", "-w"]) as? Roll.Abort)?.chosen.roll == "web")
    }

    @Test("flags say only what is to be otherwise")
    func flags() throws {
        let request = try start(
            "web",
            "--to",
            "7",
            "--canary",
            "0",
            "--waves",
            "1,50%",
            "--max-unavailable",
            "25%",
            "--per",
            "rack=1",
            "--per",
            "row=10%",
            "--bake",
            "90s",
            "--max-failures",
            "2",
            "--on-failure",
            "rollback",
            "--min-healthy",
            "30s",
            "--tries",
            "3",
            "--reboot",
            "none",
            "-l",
            "role=web"
        )
        var options = RolloutOverrides()
        options.canary = .count(0)
        options.waves = [.count(1), .percent(50)]
        options.maxUnavailable = .percent(25)
        options.per = ["rack": .count(1), "row": .percent(10)]
        options.bake = .seconds(90)
        options.maxFailures = .count(2)
        options.onFailure = .rollback
        options.minHealthy = .seconds(30)
        options.tries = 3
        options.reboot = RollSpec.Reboot.none
        let selection = MachineSelection(selector: "role=web")
        #expect(request == RolloutRequest(profile: "web", release: 7, machines: selection, options: options))
    }

    @Test(
        "bad usage is status 64",
        arguments: [
            ["roll"], ["plan"], ["roll", "web", "--to", "0"], ["roll", "web", "--tries", "0"],
            ["roll", "web", "--per", "rack"], ["roll", "web", "--per", "rack=1", "--per", "rack=2"],
            ["roll", "web", "--waves", "5%,"], ["roll", "web", "--waves", "101%"], ["roll", "web", "--canary", "-1"],
            ["roll", "web", "n1", "-l", "a=b"], ["roll", "web", "--bake", "10"], ["roll", "web", "--reboot", "later"],
            ["roll", "status", "1", "2"], ["power"], ["power", "on"], ["power", "explode", "n1"],
            ["power", "off", "n1", "-l", "a=b"], ["freeze"], ["freeze", ""], ["pin"], ["pin", "n[1"], ["rescue"],
            ["unpin"],
        ]
    )
    func badUsage(arguments: [String]) throws {
        let result = try ExecutableUnderTest.run(arguments)
        #expect(result.status == 64)
        #expect(result.errors.contains("Usage:"))
    }

    @Test(
        "without a server they say so",
        arguments: [
            ["plan", "web"], ["roll", "web"], ["roll", "status"], ["roll", "abort", "3"], ["power", "on", "n1"],
            ["freeze", "why"], ["thaw"], ["pin", "n1"], ["unpin", "n1"], ["rescue", "n1", "--end"],
        ]
    )
    func noServer(arguments: [String]) throws {
        let directory = try TemporaryDirectory()
        let result = try ExecutableUnderTest.run(arguments + ["--data", directory.path])
        #expect(result.status == 1)
        #expect(result.errors.contains("muster serve is not running"))
    }

    private static func roll(_ id: Int, _ profile: String, _ state: RolloutView.State) -> RolloutView {
        RolloutView(
            id: id,
            profile: profile,
            title: "\(profile)@\(id)",
            release: id,
            state: state,
            counts: .init(),
            began: Time(Timestamp(milliseconds: 0))
        )
    }

    @Test("the only open roll needs no name, several are listed, and only status shows past ones")
    func choice() throws {
        let past = [Self.roll(2, "db", .done), Self.roll(1, "web", .aborted)]
        let one = [Self.roll(3, "web", .held)] + past
        let two = [Self.roll(4, "db", .running)] + one
        func chosen(_ profile: String?, _ rolls: [RolloutView], amongPast: Bool = false) throws -> Int {
            try ChosenRoll.choose(profile, among: rolls, amongPast: amongPast).id
        }
        #expect(try chosen(nil, one) == 3)
        #expect(try chosen("db", two) == 4)
        #expect(try chosen("web", two) == 3)
        #expect(try chosen(nil, past, amongPast: true) == 2)
        #expect(try chosen("web", past, amongPast: true) == 1)
        let several = #expect(throws: ClientError.self) { try chosen(nil, two) }
        #expect(several?.description == "say which roll; these are open: 4 (db@4, running), 3 (web@3, held)")
        let none = #expect(throws: ClientError.self) { try chosen(nil, past) }
        #expect(none?.description.hasPrefix("no roll is open") == true)
        let other = #expect(throws: ClientError.self) { try chosen("gpu", two, amongPast: true) }
        #expect(other?.description.hasPrefix("there was no roll of gpu yet") == true)
    }
}
