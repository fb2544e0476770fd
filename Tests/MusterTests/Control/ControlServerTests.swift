import AsyncHTTPClient
import Control
import Fleet
import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import Testing
import Vocabulary

@testable import muster

@Suite("The control plane over its socket")
struct ControlServerTests {
    private func withServer(_ body: @Sendable @escaping (ControlClient, String) async throws -> Void) async throws {
        try await RunningControl.with { try await body($0.client, $0.url) }
    }

    private static let resources = """
        kind: Profile
        name: web
        image: web
        ---
        kind: Machine
        name: n1
        macs: [52:54:00:00:00:01]
        labels: { rack: r1 }
        profile: web
        ---
        kind: Machine
        name: n2
        macs: [52:54:00:00:00:02]
        labels: { rack: r2 }
        """

    private static func request(_ text: String = resources, dryRun: Bool = false) -> ApplyRequest {
        ApplyRequest(documents: [.init(source: "site.yml", text: text)], dryRun: dryRun)
    }

    @Test("a dry run changes nothing, applying does, and again there is nothing to do")
    func apply() async throws {
        try await withServer { client, _ in
            let dry: ApplyReport = try await client.post("/v1/apply", Self.request(dryRun: true))
            #expect(dry.wouldChange)
            let before: [MachineView] = try await client.get("/v1/machines")
            #expect(before.isEmpty)
            let applied: ApplyReport = try await client.post("/v1/apply", Self.request())
            #expect(applied.changes.map(\.action) == [.create, .create, .create])
            let again: ApplyReport = try await client.post("/v1/apply", Self.request(dryRun: true))
            #expect(!again.wouldChange)
            #expect(again.changes.count == 3)
        }
    }

    @Test("a report of many changes comes whole")
    func manyChanges() async throws {
        try await withServer { client, _ in
            let macs = (1...3000).map { MACAddress(rawValue: 0x5254_0000_0000 + $0) }
            let machines = macs.enumerated().map { "{ kind: Machine, name: m\($0), macs: ['\($1)'] }" }
            let request = Self.request(machines.joined(separator: "\n---\n"))
            let report: ApplyReport = try await client.post("/v1/apply", request)
            #expect(report.changes.map(\.name) == macs.indices.map { "m\($0)" })
            #expect(report.changes.allSatisfy { $0.kind == "Machine" && $0.action == .create })
            #expect(report.changes.last?.difference == ["+ macs: [\"\(macs[2999])\"]"])
            let none = "3000 machines get nothing: no profile: none is named, and no assignment matches"
            #expect(report.notes == [none])
        }
    }

    @Test("machines are selected by names, ranges and labels")
    func selection() async throws {
        try await withServer { client, _ in
            let _: ApplyReport = try await client.post("/v1/apply", Self.request())
            func names(_ query: String) async throws -> [String] {
                let machines: [MachineView] = try await client.get("/v1/machines" + query)
                return machines.map(\.name)
            }
            #expect(try await names("") == ["n1", "n2"])
            #expect(try await names("?name=n%5B1-2%5D") == ["n1", "n2"])
            #expect(try await names("?name=n2") == ["n2"])
            #expect(try await names("?selector=rack%3Dr1") == ["n1"])
            await #expect(throws: ClientError.self) { try await names("?name=n9") }
            await #expect(throws: ClientError.self) { try await names("?selector=%3D") }
        }
    }

    @Test("set, assign, describe and why act on what was applied")
    func changes() async throws {
        try await withServer { client, _ in
            let _: ApplyReport = try await client.post("/v1/apply", Self.request())
            let _: CommandReport = try await client.post("/v1/set", SetRequest(names: ["n[1-2]"], state: "maintenance"))
            let selection = MachineSelection(selector: "rack=r2")
            let _: CommandReport = try await client.post(
                "/v1/assign",
                AssignRequest(profile: "web", machines: selection)
            )
            let described: MachineDescription = try await client.get("/v1/machines/n2")
            #expect(described.machine.state == "maintenance")
            #expect(described.machine.profile == "web")
            let byMAC: MachineDescription = try await client.get("/v1/machines/52-54-00-00-00-01")
            #expect(byMAC.machine.name == "n1")
            let why: WhyView = try await client.get("/v1/machines/n1/why")
            #expect(why.because.first?.contains("its own profile gives it web") == true)
        }
    }

    @Test("errors are problems with the right status, naming file, line and column")
    func problems() async throws {
        try await withServer { client, _ in
            let bad = await #expect(throws: ClientError.self) {
                let _: ApplyReport = try await client.post("/v1/apply", Self.request("kind: Machine\nnam: n1"))
            }
            #expect(bad?.status == 400)
            #expect(bad?.description.contains("site.yml:2:1") == true)
            let missing = await #expect(throws: ClientError.self) {
                let _: MachineDescription = try await client.get("/v1/machines/nobody")
            }
            #expect(missing?.status == 404)
            let state = await #expect(throws: ClientError.self) {
                let _: CommandReport = try await client.post("/v1/set", SetRequest(names: ["n1"], state: "broken"))
            }
            #expect(state?.status == 400)
            let route = await #expect(throws: ClientError.self) {
                let _: [String] = try await client.get("/v1/nothing")
            }
            #expect(route?.status == 404)
            #expect(route?.description == "there is no GET /v1/nothing")
        }
    }

    @Test("logs of a machine that cannot be asked are refused, and over TCP none are shown without a token")
    func logs() async throws {
        try await withServer { client, url in
            let _: ApplyReport = try await client.post("/v1/apply", Self.request())
            func refusal(_ name: String, _ query: String = "") async -> ClientError? {
                await #expect(throws: ClientError.self) { try await client.text("/v1/machines/\(name)/logs\(query)") }
            }
            #expect(await refusal("n9")?.status == 404)
            let idle = await refusal("n1", "?container=web&lines=3&follow=false")
            #expect(idle?.status == 409 && idle?.description.hasPrefix("n1 is in no boot") == true)
            #expect(await refusal("n1", "?follow=yes")?.status == 400)
            #expect(await refusal("n1", "?lines=-1")?.status == 400)
            let request = HTTPClientRequest(url: url + "/v1/machines/n1/logs")
            #expect(try await HTTPClient.shared.execute(request, timeout: .seconds(10)).status == .unauthorized)
        }
    }

    @Test("Who shows no token on TCP may only read, and the answers are typed")
    func readOnly() async throws {
        try await withServer { _, url in
            let http = HTTPClient.shared
            var request = HTTPClientRequest(url: url + "/v1/apply")
            request.method = .POST
            request.body = .bytes(ByteBuffer(string: "{}"))
            let refused = try await http.execute(request, timeout: .seconds(10))
            #expect(refused.status == .unauthorized)
            #expect(refused.headers.first(name: "content-type") == "application/problem+json")
            let ready = try await http.execute(HTTPClientRequest(url: url + "/readyz"), timeout: .seconds(10))
            #expect(ready.status == .ok)
            let metrics = try await http.execute(HTTPClientRequest(url: url + "/metrics"), timeout: .seconds(10))
            let page = String(buffer: try await metrics.body.collect(upTo: 1 << 20))
            #expect(page.contains("\nmuster_machines{state=\"active\"} 0\n"))
            #expect(metrics.headers.first(name: "content-type")?.hasPrefix("text/plain; version=0.0.4") == true)
        }
    }

    @Test("slashes stand in JSON as they are, in answers and in problems")
    func slashes() async throws {
        try await withServer { client, url in
            func body(_ path: String) async throws -> String {
                let answer = try await HTTPClient.shared.execute(
                    HTTPClientRequest(url: url + path),
                    timeout: .seconds(10)
                )
                return String(buffer: try await answer.body.collect(upTo: 1 << 20))
            }
            let problem = try await body("/v1/nowhere")
            #expect(problem.contains(#""detail":"there is no GET /v1/nowhere""#), "\(problem)")
            for path in ["/v1/nowhere", "/v1/machines/n9", "/v1/apply", "/v1/openapi.json", "/readyz"] {
                #expect(!(try await body(path).contains(#"\/"#)), "\(path)")
            }
        }
    }

    @Test("a watcher sees what happens after it came")
    func events() async throws {
        struct Seen: Error {}
        try await withServer { client, _ in
            let watched = Task {
                do {
                    try await client.events { events in
                        if events.contains(where: { $0.kind == "machine.rejected" }) { throw Seen() }
                    }
                    return false
                } catch {
                    return error is Seen
                }
            }
            let _: ApplyReport = try await client.post("/v1/apply", Self.request())
            // The watcher may come later than the first of them; each is one more chance.
            for _ in 0..<20 {
                let _: CommandReport = try await client.post("/v1/reject", RejectRequest(names: ["n1"]))
                try await Task.sleep(for: .milliseconds(40))
            }
            #expect(await watched.value)
        }
    }
}
