import Control
import Foundation
import Inventory
import Testing
import Vocabulary

@testable import PXE
@testable import muster

@Suite("Metrics")
struct MetricsTests {
    private static let rules =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path + "/boot/examples/prometheus"

    /// A page of a fleet with machines, after requests.
    private func withPage(_ body: @Sendable @escaping (String) async throws -> Void) async throws {
        try await RunningControl.with { server in
            let machines = (1...3).map { "{ kind: Machine, name: secret-\($0), macs: ['52:54:00:00:00:0\($0)'] }" }
            let text = machines.joined(separator: "\n---\n")
            let _: ApplyReport = try await server.client.post(
                "/v1/apply",
                ApplyRequest(documents: [.init(source: "site.yml", text: text)])
            )
            try await body(server.client.text("/metrics"))
        }
    }

    @Test("promtool finds nothing to say against the page")
    func promtool() async throws {
        try await withPage { page in
            let directory = try TemporaryDirectory()
            let file = try directory.file("page", page + (Self.servers))
            let tool = try Command.run("/bin/sh", "-c", "promtool check metrics < \(file.path)")
            #expect(tool.status == 0, "\(tool.output)")
            #expect(tool.output == "", "\(tool.output)")
        }
    }

    /// What the boot plane's servers add, each kind of sample once.
    private static var servers: String {
        var dhcp = DHCPCounters()
        dhcp.discovers = 3
        let histogram = Histogram()
        histogram.observe(.milliseconds(3))
        dhcp.responses = histogram.snapshot
        var http = HTTPCounters.Snapshot()
        http.answers = [.init(route: .script, method: .get, status: 200, count: 2)]
        http.sent = [.kernel: 7]
        http.times = [.script: histogram.snapshot]
        return MetricFamily.page([BuildInfo.metric] + dhcp.metrics + TFTPCounters().metrics + http.metrics)
    }

    @Test("it says what is running, and that it decides about rolls")
    func itself() async throws {
        #expect(MetricFamily.page([BuildInfo.metric]).contains(#"muster_build_info{commit=""#))
        try await withPage { page in
            #expect(page.contains("\nmuster_rollout_hold_seconds_total 0\n"))
            #expect(page.contains("\n# TYPE muster_lease_holder gauge\n"))
        }
    }

    @Test("no label says which machine it was")
    func bounded() async throws {
        try await withPage { page in
            #expect(page.contains(#"muster_machines{state="active"} 3"#))
            #expect(!page.contains("secret-") && !page.contains("52:54"))
            let names = Set(page.matches(of: /[{,]([a-z_]+)="/).map { String($0.output.1) })
            let bounded: Set<String> = [
                "state", "image", "outcome", "last_phase", "phase", "reason", "result", "store", "step", "le",
                "rollout",
                "profile", "driver", "action", "version", "commit", "model", "vendor", "layer",
            ]
            #expect(names.isSubset(of: bounded), "\(names.subtracting(bounded))")
        }
    }

    @Test("a histogram's buckets add up, and end in everything")
    func histogram() {
        let histogram = Histogram([.milliseconds(1), .milliseconds(10)])
        histogram.observe(.microseconds(500))
        histogram.observe(.milliseconds(10), count: 2)
        histogram.observe(.seconds(2))
        let page = MetricFamily.page([MetricFamily("muster_a_seconds", "Help.", [(["b": "c"], histogram.snapshot)])])
        #expect(
            page == """
                # HELP muster_a_seconds Help.
                # TYPE muster_a_seconds histogram
                muster_a_seconds_bucket{b="c",le="0.001"} 1
                muster_a_seconds_bucket{b="c",le="0.01"} 3
                muster_a_seconds_bucket{b="c",le="+Inf"} 4
                muster_a_seconds_sum{b="c"} 2.0205
                muster_a_seconds_count{b="c"} 4

                """
        )
    }

    @Test(
        "the example's alerts are rules, and say what their tests expect",
        arguments: ["check rules muster.rules.yml", "test rules muster.rules.test.yml", "check config prometheus.yml"]
    )
    func alerts(command: String) throws {
        let tool = try Command.run("/bin/sh", "-c", "cd \(Self.rules) && promtool \(command)")
        #expect(tool.status == 0, "\(tool.output)")
        if command.hasPrefix("check rules") { #expect(tool.output.contains("6 rules found")) }
    }

    @Test("the alerts' metrics are on the page")
    func alertMetrics() async throws {
        let text = try String(contentsOfFile: Self.rules + "/muster.rules.yml", encoding: .utf8)
        let names = Set(text.matches(of: /muster_[a-z_]+/).map { String($0.output) })
        #expect(names.count == 6)
        try await withPage { page in
            for name in names { #expect(page.contains("# TYPE \(name) "), "\(name)") }
        }
    }

    @Test("Debian's Prometheus scrapes it with a viewer's token")
    func scraped() async throws {
        try await RunningControl.with(anonymous: nil) { server in
            let request = TokenRequest(name: "prometheus", role: .viewer)
            let made: NewToken = try await server.client.post("/v1/tokens", request)
            let prometheus = try RunningPrometheus(target: "127.0.0.1:\(server.port)", token: made.secret)
            #expect(try await prometheus.value(of: "up == 1") == "1")
            #expect(try await prometheus.value(of: #"muster_store_up{store="ledger"}"#) == "1")
            #expect(try await prometheus.value(of: #"muster_machines{state="active"}"#) == "0")
        }
    }
}
