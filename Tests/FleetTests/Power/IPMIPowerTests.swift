import Foundation
import Inventory
import Testing

@testable import Fleet

/// With a program that says what `ipmitool` would, and writes down how it was called.
@Suite("Power by IPMI")
struct IPMIPowerTests {
    private let fixture: PowerFixture
    private let directory = TemporaryDirectory()

    init() throws {
        let tool = directory.path + "/ipmitool"
        fixture = try PowerFixture { $0.ipmitool = tool }
    }

    /// Writes the fake: `$command` is what comes after the options, `$state` a file with `on` or `off`.
    private func tool(_ script: String, state: String = "on") throws {
        try Data(state.utf8).write(to: URL(fileURLWithPath: directory.path + "/state"))
        _ = try directory.program(
            "ipmitool",
            """
            here=\(directory.path)
            echo "$@" >> $here/arguments
            tr '\\0' '\\n' < /proc/self/environ >> $here/environment
            cat >> $here/input
            while [ "${1#-}" != "$1" ]; do [ "$1" = -C ] && cipher=$2; shift 2; done
            command="$*"; state=$here/state
            \(script)
            case $command in
            "chassis power status") echo "Chassis Power is $(cat $state)" ;;
            "chassis power on"|"chassis power cycle"|"chassis power reset") printf on > $state ;;
            "chassis power off"|"chassis power soft") printf off > $state ;;
            esac
            """
        )
    }

    private func perform(_ action: PowerAction, _ more: [String: JSONValue] = [:]) async -> PowerResult {
        let fields: [String: JSONValue] = ["ipmi": "10.0.9.12", "credentials": fixture.credentials]
        return await fixture.desk.perform(action, on: fixture.machine(fields.merging(more) { $1 }))
    }

    private func said(_ name: String) -> String {
        (try? String(contentsOfFile: "\(directory.path)/\(name)", encoding: .utf8)) ?? ""
    }

    /// What it was called for, in order.
    private var commands: [String] {
        said("arguments").split(separator: "\n").map { line in
            line.split(separator: " ").drop { $0 != "-R" }.dropFirst(2).joined(separator: " ")
        }
    }

    @Test func aMachineThatRunsIsOverriddenAndCycled() async throws {
        try tool("")
        let result = await perform(.cycle)
        #expect(result == PowerResult(machine: "n1", driver: "ipmi", state: "on"))
        #expect(
            commands == [
                "chassis power status", "raw 0x00 0x08 0x03 0x08", "chassis bootdev pxe options=efiboot",
                "chassis power cycle",
            ]
        )
        let first = said("arguments").split(separator: "\n").first ?? ""
        #expect(first == "-I lanplus -H 10.0.9.12 -p 623 -U boss -f /dev/stdin -C 17 -N 2 -R 3 chassis power status")
    }

    @Test func thePasswordComesByStandardInputAlone() async throws {
        try tool("")
        _ = await perform(.cycle)
        #expect(said("input").hasPrefix(FakeBMC.password + "\n"))
        #expect(!said("arguments").contains(FakeBMC.password))
        let names = Set(said("environment").split(separator: "\n").compactMap { $0.split(separator: "=").first })
        #expect(names.isSubset(of: ["PATH", "HOME", "LC_ALL", "PWD", "OLDPWD", "_", "SHLVL"]), "\(names)")
        #expect(!fixture.traces.contains(FakeBMC.password))
    }

    @Test func aMachineThatIsOffIsSwitchedOn() async throws {
        try tool("", state: "off")
        #expect(await perform(.reboot, ["efi": false]).failure == nil)
        #expect(commands.suffix(3) == ["chassis bootdev pxe", "chassis power on", "chassis power status"])
    }

    @Test func whoCannotCycleIsResetOrSwitchedOffAndOn() async throws {
        let refusal = "echo 'Set Chassis Power Control to Cycle failed: Invalid data field in request'; exit 1"
        try tool(#"case $command in "chassis power cycle") \#(refusal) ;; esac"#)
        #expect(await perform(.cycle).failure == nil)
        #expect(commands.last == "chassis power reset")
        try tool(#"case $command in "chassis power cycle"|"chassis power reset") \#(refusal) ;; esac"#)
        #expect(await perform(.cycle).failure == nil)
        let ending = ["chassis power off", "chassis power status", "chassis power on", "chassis power status"]
        #expect(commands.suffix(4) == ending[...])
    }

    @Test func whatIsResetInVainIsSwitchedOffAndOn() async throws {
        try tool("")
        #expect(await perform(.cycle).note == nil)
        let again = await perform(.cycle)
        #expect(again.note == "power cycle came to no boot before: power off and on this time")
        let ending = ["chassis power off", "chassis power status", "chassis power on", "chassis power status"]
        #expect(commands.suffix(4) == ending[...])
        fixture.beginBoot()
        #expect(await perform(.cycle).note == nil)
        #expect(commands.suffix(4) == ending[...])
    }

    @Test func offAsksTheSystemAndThenSwitches() async throws {
        try tool("")
        #expect(await perform(.off).state == "off")
        #expect(commands.suffix(2) == ["chassis power soft", "chassis power status"])
        try tool(#"case $command in "chassis power soft") exit 0 ;; esac"#)
        #expect(await perform(.off).state == "off")
        #expect(commands.suffix(2) == ["chassis power off", "chassis power status"])
    }

    @Test func cipher3IsTriedAfter17AndRemembered() async throws {
        try tool(#"[ "$cipher" = 3 ] || { echo "Error: Unable to establish IPMI v2 / RMCP+ session"; exit 1; }"#)
        #expect(await perform(.status).state == "on")
        #expect(try fixture.desk.memory.entry(of: "10.0.9.12:623").cipher == 3)
        let before = commands.count
        #expect(await perform(.status).state == "on")
        #expect(commands.count == before + 1)
        #expect(await perform(.status, ["cipher": 17]).failure?.contains("Unable to establish IPMI v2") == true)
    }

    @Test func whatAUserCanMendIsSaidSo() async throws {
        try tool(#"echo "> Error: RAKP 2 HMAC is invalid"; exit 1"#)
        #expect(await perform(.status).failure?.contains("(the password is wrong)") == true)
        try tool(#"echo "RAKP 2 message indicates an error : unauthorized name"; exit 1"#)
        #expect(await perform(.status).failure?.contains("(there is no such user)") == true)
        try tool(#"echo "no entry for $(head -c 99 < /proc/self/fd/0)\#(FakeBMC.password)"; exit 1"#)
        let result = await perform(.status)
        #expect(result.failure?.contains("***") == true, "\(result)")
        #expect(result.failure?.contains(FakeBMC.password) == false)
    }

    @Test func aRefusedOverrideIsANoteAndNoFailure() async throws {
        try tool(#"case $command in *bootdev*) echo "Error setting Chassis Boot Parameter 5"; exit 1 ;; esac"#)
        let result = await perform(.cycle)
        #expect(result.failure == nil)
        #expect(result.note?.contains("Error setting Chassis Boot Parameter 5; the machine's own boot order") == true)
        #expect(commands.last == "chassis power cycle")
    }

    @Test func aControllerThatHangsIsGivenUp() async throws {
        try tool("exec sleep 600")
        let fixture = try PowerFixture {
            $0.ipmitool = directory.path + "/ipmitool"
            $0.timing.command = .milliseconds(200)
        }
        let machine = fixture.machine(["ipmi": "10.0.9.12", "credentials": fixture.credentials])
        let result = await fixture.desk.perform(.status, on: machine)
        #expect(result.failure == "ipmi: ipmitool chassis power status: no answer from 10.0.9.12:623")
    }

    @Test func withoutIpmitoolItSaysWhatToInstall() async throws {
        let fixture = try PowerFixture { $0.ipmitool = "/nowhere/ipmitool" }
        let machine = fixture.machine(["ipmi": "10.0.9.12", "credentials": fixture.credentials])
        let failure = await fixture.desk.perform(.status, on: machine).failure
        #expect(failure == "ipmi: /nowhere/ipmitool is not installed on this host; `apt-get install ipmitool`")
    }
}
