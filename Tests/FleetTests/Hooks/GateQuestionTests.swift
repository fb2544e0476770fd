import Inventory
import Rollout
import Testing
import Vocabulary

@testable import Fleet

@Suite("Gates")
struct GateQuestionTests {
    /// What an outcome is, without its words.
    private func kind(_ outcome: RollRow.GateOutcome) -> String {
        switch outcome {
        case .pass: "pass"
        case .fail: "fail"
        case .unknown: "unknown"
        }
    }

    static let statuses = [
        (200, "pass"), (204, "unknown"), (202, "unknown"), (404, "fail"), (412, "fail"), (500, "unknown"),
        (503, "unknown"),
    ]

    @Test(arguments: statuses)
    func anHTTPGateAnswersByItsStatus(_ status: Int, _ expected: String) async throws {
        let server = try await FakeHTTPServer { _ in FakeAnswer(status: status, text: "errors above 1 %\n") }
        let outcome = await GateQuestion(gate: .http(url: "\(server.url)/go")).ask()
        #expect(kind(outcome) == expected)
        if status == 412 { #expect(outcome == .fail("\(server.url)/go answered 412: errors above 1 %")) }
        #expect(server.requests.map(\.method) == ["GET"])
    }

    @Test func aGateThatDoesNotAnswerIsUnknown() async throws {
        let server = try await FakeHTTPServer { _ in nil }
        #expect(kind(await GateQuestion(gate: .http(url: server.url)).ask()) == "unknown")
        let prometheus = GateQuestion(gate: .prometheus(server: server.url, query: "up"))
        #expect(kind(await prometheus.ask()) == "unknown")
        let late = GateQuestion(gate: .command(["sleep", "600"]), limit: .milliseconds(100))
        #expect(await late.ask() == .unknown("sleep took too long"))
        #expect(kind(await GateQuestion(gate: .command(["/nowhere/gate"])).ask()) == "unknown")
    }

    @Test func aProgramAnswersByItsStatus() async throws {
        let directory = TemporaryDirectory()
        func ask(_ script: String) async throws -> RollRow.GateOutcome {
            await GateQuestion(gate: .command([try directory.program("gate", script)])).ask()
        }
        #expect(try await ask("exit 0") == .pass)
        #expect(kind(try await ask("exit 75")) == "unknown")
        #expect(try await ask("echo 3 alerts; exit 1") == .fail("\(directory.path)/gate ended with status 1: 3 alerts"))
    }

    // Instant queries as Prometheus answers them.
    static let answers: [(String, String)] = [
        (#"{"resultType":"scalar","result":[1.7,"1"]}"#, "pass"),
        (#"{"resultType":"scalar","result":[1.7,"0"]}"#, "fail"),
        (#"{"resultType":"scalar","result":[1.7,"NaN"]}"#, "unknown"),
        (#"{"resultType":"vector","result":[]}"#, "unknown"),
        (#"{"resultType":"vector","result":[{"metric":{},"value":[1.7,"1"]}]}"#, "pass"),
        (#"{"resultType":"vector","result":[{"metric":{},"value":[1.7,"+Inf"]}]}"#, "pass"),
        (
            #"{"resultType":"vector","result":[{"metric":{},"value":[1.7,"1"]},{"metric":{},"value":[1.7,"0"]}]}"#,
            "fail"
        ),
        (#"{"resultType":"vector","result":[{"metric":{}}]}"#, "unknown"),
        (#"{"resultType":"matrix","result":[]}"#, "unknown"),
        (#"{"resultType":"string","result":[1.7,"true"]}"#, "unknown"),
    ]

    @Test(arguments: answers)
    func aQueryIsTrueFalseOrNeither(_ data: String, _ expected: String) async throws {
        let server = try await FakeHTTPServer { _ in
            FakeAnswer(status: 200, text: #"{"status":"success","data":\#(data)}"#)
        }
        let query = #"(sum(ALERTS{severity="page"}) or vector(0)) == bool 0"#
        let outcome = await GateQuestion(gate: .prometheus(server: server.url + "/", query: query)).ask()
        #expect(kind(outcome) == expected, "\(outcome)")
        #expect(
            server.requests.map(\.path) == [
                "/api/v1/query?query=%28sum%28ALERTS%7Bseverity%3D%22page%22%7D%29%20or%20vector%280%29%29"
                    + "%20%3D%3D%20bool%200"
            ]
        )
    }

    @Test func aQueryThatDoesNotParseIsUnknownAndSaysWhy() async throws {
        let server = try await FakeHTTPServer { _ in
            FakeAnswer(
                status: 400,
                text: #"{"status":"error","errorType":"bad_data","error":"1:5: parse error: unexpected end of input"}"#
            )
        }
        let outcome = await GateQuestion(gate: .prometheus(server: server.url, query: "sum(")).ask()
        let reason = "Prometheus at \(server.url) answered 400: 1:5: parse error: unexpected end of input"
        #expect(outcome == .unknown(reason))
    }
}
