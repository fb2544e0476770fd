import Foundation
import Inventory
import Rollout
import Synchronization
import Testing
import Vocabulary

@testable import Fleet

/// The scripts under `boot/examples`, against what they speak to.
@Suite("Drain hooks that are shipped")
struct DrainExampleTests {
    private static let examples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "boot/examples").path
    private let machine = Machine(name: "n1", nics: [.init(mac: mac(1))])
    private let directory = TemporaryDirectory()

    private func tell(_ example: String, _ settings: [String], isBack: Bool = false) async -> Errand.Outcome {
        let script = "\(Self.examples)/drain-\(example)/drain"
        return await DrainHook(hook: .command(["env"] + settings + [script])).tell(machine, isBack: isBack)
    }

    @Test func nomad() async throws {
        // eligible, draining, drained, as its API shows a client.
        let state = Mutex("eligible")
        let server = try await FakeHTTPServer { request in
            if request.path.hasPrefix("/v1/nodes?") {
                let isOurs = request.path == "/v1/nodes?filter=Name%20%3D%3D%20%22n1%22"
                return FakeAnswer(status: 200, text: isOurs ? #"[{"ID":"a1-b2","Name":"n1","Drain":false}]"# : "[]")
            }
            let now = state.withLock { state in
                if request.method == "POST" { state = request.text.contains("MarkEligible") ? "eligible" : "draining" }
                return state
            }
            let last = now == "drained" ? #"{"Status":"complete","Meta":null}"# : "null"
            let eligibility = now == "eligible" ? "eligible" : "ineligible"
            return FakeAnswer(
                status: 200,
                text: #"{"ID":"a1-b2","Status":"ready","Drain":\#(now == "draining"),"#
                    + #""SchedulingEligibility":"\#(eligibility)","LastDrain":\#(last)}"#
            )
        }
        let settings = ["NOMAD_ADDR=\(server.url)", "NOMAD_TOKEN=t0ken", "DEADLINE=60"]
        #expect(await tell("nomad", settings).isAgain)
        #expect(await tell("nomad", settings).isAgain)
        let posts = server.requests.filter { $0.method == "POST" }
        #expect(posts.map(\.path) == ["/v1/node/a1-b2/drain"])
        #expect(posts.first?.text == #"{"DrainSpec":{"Deadline":60000000000,"IgnoreSystemJobs":true}}"#)
        #expect(server.requests.allSatisfy { $0.headers["x-nomad-token"] == "t0ken" })
        state.withLock { $0 = "drained" }
        #expect(await tell("nomad", settings) == .done)
        #expect(await tell("nomad", settings, isBack: true) == .done)
        #expect(state.withLock { $0 } == "eligible")
        #expect(server.requests.last?.text == #"{"DrainSpec":null,"MarkEligible":true}"#)
    }

    @Test func nomadThatIsAwayOrKnowsNoSuchClient() async throws {
        let server = try await FakeHTTPServer { _ in FakeAnswer(status: 200, text: "[]") }
        let outcome = await tell("nomad", ["NOMAD_ADDR=\(server.url)"])
        guard case .refused(let reason) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason.hasSuffix("Nomad has no client named n1"))
        let broken = try await FakeHTTPServer { _ in FakeAnswer(status: 500) }
        #expect(await tell("nomad", ["NOMAD_ADDR=\(broken.url)"]).isAgain)
    }

    @Test func consul() async throws {
        let server = try await FakeHTTPServer { _ in FakeAnswer(status: 200) }
        let settings = ["CONSUL_URL=\(server.url)/%s", "CONSUL_HTTP_TOKEN=t0ken", "SETTLE=0"]
        #expect(await tell("consul", settings) == .done)
        #expect(await tell("consul", settings, isBack: true) == .done)
        #expect(server.requests.map(\.method) == ["PUT", "PUT"])
        #expect(
            server.requests.map(\.path) == [
                "/n1/v1/agent/maintenance?enable=true&reason=muster",
                "/n1/v1/agent/maintenance?enable=false&reason=muster",
            ]
        )
        #expect(server.requests.allSatisfy { $0.headers["x-consul-token"] == "t0ken" })
        let away = try await FakeHTTPServer { _ in FakeAnswer(status: 403) }
        #expect(await tell("consul", ["CONSUL_URL=\(away.url)/%s", "SETTLE=0"]).isAgain)
    }

    /// A command line tool that writes down how it was called.
    private func tool(_ name: String, _ script: String) throws {
        _ = try directory.program(name, #"echo "$(basename "$0") $*" >> \#(directory.path)/calls"# + "\n" + script)
    }

    private var path: String { "PATH=\(directory.path):/usr/sbin:/usr/bin:/sbin:/bin" }

    private var calls: [String] {
        let text = (try? String(contentsOfFile: directory.path + "/calls", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    @Test func kubernetes() async throws {
        try tool("kubectl", #"case $1 in get) echo node/n1 ;; drain) [ -e \#(directory.path)/free ] ;; esac"#)
        #expect(await tell("kubernetes", [path]).isAgain)
        try Data().write(to: URL(filePath: directory.path + "/free"))
        #expect(await tell("kubernetes", [path]) == .done)
        #expect(await tell("kubernetes", [path], isBack: true) == .done)
        let drain = "kubectl drain n1 --ignore-daemonsets --delete-emptydir-data --timeout=45s"
        let get = "kubectl get node n1 --ignore-not-found --output name"
        #expect(calls == [get, drain, get, drain, get, "kubectl uncordon n1"])
        try tool("kubectl", "exit 0")
        let outcome = await tell("kubernetes", [path])
        #expect("\(outcome)".contains("Kubernetes has no node named n1"))
        try tool("kubectl", "exit 1")
        #expect(await tell("kubernetes", [path]).isAgain)
    }

    static let slurmStates: [(String, isDone: Bool, String?)] = [
        ("idle", false, "DRAIN"), ("mixed", false, "DRAIN"), ("draining", false, nil), ("drained", true, nil),
        ("drained*", true, nil), ("down*", true, nil),
    ]

    @Test(arguments: slurmStates)
    func slurm(_ state: String, _ isDone: Bool, _ change: String?) async throws {
        try tool("sinfo", "echo '\(state)'; echo '\(state)'")
        try tool("scontrol", "")
        let outcome = await tell("slurm", [path])
        #expect(isDone ? outcome == .done : outcome.isAgain)
        let changes = calls.filter { $0.hasPrefix("scontrol") }
        #expect(changes == (change.map { ["scontrol update NodeName=n1 State=\($0) Reason=muster: a roll"] } ?? []))
    }

    @Test func slurmResumes() async throws {
        try tool("sinfo", "echo 'drained*'")
        try tool("scontrol", "")
        #expect(await tell("slurm", [path], isBack: true) == .done)
        #expect(calls.last == "scontrol update NodeName=n1 State=RESUME")
        try tool("sinfo", "exit 1")
        #expect(await tell("slurm", [path]).isAgain)
        try tool("sinfo", "")
        #expect("\(await tell("slurm", [path]))".contains("Slurm has no node named n1"))
    }
}
