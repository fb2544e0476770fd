import Inventory
import NIOPosix
import Rollout
import Testing
import Vocabulary

@testable import Fleet

@Suite("Drain hooks")
struct DrainHookTests {
    private let machine = Machine(name: "n1", nics: [.init(mac: mac(1))], labels: ["rack": "r7", "a \"b\"": "c"])

    @Test(arguments: [200, 204, 202, 201, 404, 409, 500, 503])
    func anHTTPHookAnswersByItsStatus(_ status: Int) async throws {
        let server = try await FakeHTTPServer { _ in FakeAnswer(status: status, text: "first\nno room for web-3\n") }
        let url = "\(server.url)/drain"
        let said = await DrainHook(hook: .http(url: url)).tell(machine, isBack: false)
        let words = "\(url) answered \(status): no room for web-3"
        switch status {
        case 200, 204: #expect(said == .done)
        case 202: #expect(said == .again(words))
        default: #expect(said == .refused(words))
        }
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
        let silent = await DrainHook(hook: .http(url: server.url)).tell(machine, isBack: false)
        #expect(silent.isAgain && silent.reason?.hasPrefix("\(server.url) did not answer: ") == true)
        let directory = TemporaryDirectory()
        let program = try directory.program("slow", "exec sleep 600")
        let late = await DrainHook(hook: .command([program]), limit: .milliseconds(100)).tell(machine, isBack: false)
        #expect(late == .again("\(program) took too long"))
    }

    @Test func aHookThatIsNotThereIsAskedAgain() async throws {
        // Nobody listens on a port that was free a moment ago.
        let reserved = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        let url = "http://127.0.0.1:\(reserved.localAddress?.port ?? 0)"
        try await reserved.close()
        let hook = DrainHook(hook: .http(url: url), limit: .seconds(2))
        let outcome = await hook.tell(machine, isBack: false)
        #expect(outcome.isAgain && outcome.reason?.hasPrefix("\(url) did not answer: ") == true, "\(outcome)")
        #expect(outcome.reason?.contains("Error") == false, "\(outcome)")
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
        let again = try directory.program("again", "echo 3 pods are left; exit 75")
        let outcome = await DrainHook(hook: .command([again])).tell(machine, isBack: false)
        #expect(outcome == .again("\(again) ended with status 75: 3 pods are left"))
        let no = try directory.program("no", "echo web-3 has nowhere to go >&2; exit 4")
        let refusal = Errand.Outcome.refused("\(no) ended with status 4: web-3 has nowhere to go")
        #expect(await DrainHook(hook: .command([no])).tell(machine, isBack: false) == refusal)
        let missing = await DrainHook(hook: .command(["/nowhere/hook"])).tell(machine, isBack: false)
        #expect(missing == .refused("/nowhere/hook is not there, or may not be run"))
    }
}

extension Errand.Outcome {
    var isAgain: Bool { if case .again = self { true } else { false } }
}
