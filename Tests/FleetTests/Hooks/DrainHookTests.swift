import Inventory
import Rollout
import Testing
import Vocabulary

@testable import Fleet

@Suite("Drain hooks")
struct DrainHookTests {
    private let machine = Machine(name: "n1", nics: [.init(mac: mac(1))], labels: ["rack": "r7", "a \"b\"": "c"])

    static let statuses: [(Int, Errand.Outcome?)] = [
        (200, .done), (204, .done), (202, .again), (201, nil), (404, nil), (409, nil), (500, nil), (503, nil),
    ]

    @Test(arguments: statuses)
    func anHTTPHookAnswersByItsStatus(_ status: Int, _ outcome: Errand.Outcome?) async throws {
        let server = try await FakeHTTPServer { _ in FakeAnswer(status: status, text: "first\nno room for web-3\n") }
        let url = "\(server.url)/drain"
        let said = await DrainHook(hook: .http(url: url)).tell(machine, isBack: false)
        #expect(said == outcome ?? .refused("\(url) answered \(status): no room for web-3"))
        let request = try #require(server.requests.first)
        #expect(request.method == "POST")
        #expect(request.headers["content-type"] == "application/json")
        #expect(
            request.text
                == #"{"action": "drain", "labels": {"a \"b\"": "c", "rack": "r7"}, "machine": "n1"}"#
        )
    }

    @Test func whoIsBackIsSaidToBe() async throws {
        let server = try await FakeHTTPServer { _ in FakeAnswer(status: 200) }
        #expect(await DrainHook(hook: .http(url: server.url)).tell(machine, isBack: true) == .done)
        #expect(server.requests.first?.body?["action"] == "undrain")
    }

    @Test func aHookThatDoesNotAnswerIsAskedAgain() async throws {
        let server = try await FakeHTTPServer { _ in nil }
        #expect(await DrainHook(hook: .http(url: server.url)).tell(machine, isBack: false) == .again)
        let program = DrainHook(hook: .command(["sleep", "600"]), limit: .milliseconds(100))
        #expect(await program.tell(Machine(name: "600", nics: []), isBack: false) == .again)
    }

    @Test func aProgramHearsTheMachineInArgumentsAndEnvironment() async throws {
        let directory = TemporaryDirectory()
        let program = try directory.program(
            "hook",
            #"printf '%s\n' "$@" "$MUSTER_MACHINE" "$MUSTER_ACTION" "$MUSTER_LABELS" > \#(directory.path)/said"#
        )
        let hook = DrainHook(hook: .command([program, "--cluster", "a b"]))
        #expect(await hook.tell(machine, isBack: true) == .done)
        let said = try String(contentsOfFile: directory.path + "/said", encoding: .utf8)
        let labels = #"{"a \"b\"": "c", "rack": "r7"}"#
        #expect(said == "--cluster\na b\nn1\nundrain\nn1\nundrain\n\(labels)\n")
    }

    @Test func aProgramAnswersByItsStatus() async throws {
        let directory = TemporaryDirectory()
        let again = try directory.program("again", "exit 75")
        #expect(await DrainHook(hook: .command([again])).tell(machine, isBack: false) == .again)
        let no = try directory.program("no", "echo web-3 has nowhere to go >&2; exit 4")
        let refusal = Errand.Outcome.refused("\(no) ended with status 4: web-3 has nowhere to go")
        #expect(await DrainHook(hook: .command([no])).tell(machine, isBack: false) == refusal)
        let missing = await DrainHook(hook: .command(["/nowhere/hook"])).tell(machine, isBack: false)
        #expect(missing == .refused("/nowhere/hook is not there, or may not be run"))
    }
}
