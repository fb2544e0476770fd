import Foundation
import Inventory
import Rollout
import Synchronization
import Testing
import Vocabulary

@testable import Fleet

@Suite("A roll asks what operators have it ask")
final class RollHookTests: Sendable {
    /// What hook and Prometheus answer now.
    private struct Answers {
        var drain = 200
        var query = ""
    }
    private let answers = Mutex(Answers())

    private func serve() async throws -> FakeHTTPServer {
        try await FakeHTTPServer { [self] request in
            let now = answers.withLock { $0 }
            if request.path.hasPrefix("/api/v1/query") {
                guard !now.query.isEmpty else { return FakeAnswer(status: 503, text: "starting") }
                let sample = #"{"metric":{},"value":[1.7,"\#(now.query)"]}"#
                return FakeAnswer(
                    status: 200,
                    text: #"{"status":"success","data":{"resultType":"vector","result":[\#(sample)]}}"#
                )
            }
            return FakeAnswer(status: now.drain, text: "3 jobs are left")
        }
    }

    private func drains(_ server: FakeHTTPServer) -> [String] {
        server.requests.filter { $0.path == "/drain" }.compactMap { request in
            guard let action = request.body?["action"]?.text, let machine = request.body?["machine"]?.text else {
                return nil
            }
            return "\(action) \(machine)"
        }
    }

    @Test("A whole roll: drained when the hook says so, a gate that knows nothing, that says no, that says yes")
    func whole() async throws {
        let server = try await serve()
        let options = quick { options in
            options.canary.count = .count(1)
            options.drain = .init(hook: .http(url: "\(server.url)/drain"), deadline: .minutes(5))
            options.gates = [.prometheus(server: server.url, query: "errors < bool 1")]
        }
        let story = try await RollStory(2, options: options)
        let new = try await story.release("new")
        answers.withLock { $0.drain = 202 }
        let id = try await story.roll()
        try await story.wait(.minutes(1))
        #expect(story.part(1)?.phase == .draining && story.state(1).running == story.old)
        let waiting = try await story.progress(id).waiting
        #expect(waiting.first { $0.cause == .drain }?.description.contains("answered 202: 3 jobs are left") == true)

        answers.withLock { $0.drain = 200 }
        try await story.wait(.minutes(1))
        #expect(story.state(1).running == new && story.phases == [.done, .waiting])
        #expect(Set(drains(server)) == ["drain n1", "undrain n1"] && drains(server).last == "undrain n1")
        #expect(try await story.hold(of: id)?.cause == .gateUnknown, "Prometheus answers 503")
        #expect(try await story.hold(of: id)?.reason.contains("starting") == true)

        answers.withLock { $0.query = "0" }
        _ = try await story.fleet.perform(.resume, on: id)
        try await story.wait(.minutes(1))
        #expect(try await story.hold(of: id)?.cause == .gateFailed && story.phases == [.done, .waiting])

        answers.withLock { $0.query = "1" }
        _ = try await story.fleet.perform(.resume, on: id)
        try await story.wait(.minutes(2))
        #expect(try await story.progress(id).row.status == .ended(.done))
        #expect(drains(server).suffix(2) == ["drain n2", "undrain n2"])
        let kinds = try await story.events().map(\.kind)
        #expect(kinds.count { $0 == "roll.held" } == 2 && kinds.count { $0 == "roll.resumed" } == 2)
    }

    @Test("A hook that cannot be reached is waited for by name, until its deadline; then the machine is passed over")
    func unreachable() async throws {
        let options = quick { options in
            options.canary.count = .count(1)
            options.drain = .init(hook: .command(["drain"]), deadline: .minutes(5))
        }
        let story = try await RollStory(2, options: options)
        story.hands.log.withLock { $0.drain = .again("http://drain did not answer: Connection refused") }
        _ = try await story.release("new")
        let id = try await story.roll()
        try await story.wait(.minutes(1))
        let waiting = try await story.progress(id).waiting.first { $0.cause == .drain }
        let reason = "n1 is not drained: http://drain did not answer: Connection refused; in "
        #expect(waiting?.description.hasPrefix(reason) == true, "\(String(describing: waiting))")
        try await story.wait(.minutes(5))
        #expect(story.part(1)?.phase == .skipped && story.state(1).assigned == story.old)
        #expect(story.part(1)?.reason?.hasSuffix("did not answer: Connection refused") == true)
        #expect(try await story.hold(of: id)?.cause == .canaryUnproven)
    }

    @Test("A hook that refuses has machines passed over; that it will not have them back is an alarm until it does")
    func refused() async throws {
        let server = try await serve()
        let options = quick { options in
            options.drain = .init(hook: .http(url: "\(server.url)/drain"), deadline: .minutes(5))
        }
        let story = try await RollStory(2, options: options)
        _ = try await story.release("new")
        answers.withLock { $0.drain = 409 }
        let id = try await story.roll()
        try await story.wait(.seconds(90))
        #expect(try await story.progress(id).counts == [.skipped: 2])
        #expect(story.part(1)?.reason?.hasSuffix("409: 3 jobs are left") == true)
        let key = Alarm.Key.undrain(machine: "n1")
        #expect(story.fleet.rollouts.rows.alarms[key] != nil)
        answers.withLock { $0.drain = 200 }
        try await story.wait(.minutes(3))
        #expect(story.fleet.rollouts.rows.alarms[key] == nil)
        let events = try await story.events().filter { $0.subject == "n1" }.map(\.kind)
        #expect(events.contains("roll.machine.skipped"))
        #expect(events.filter { $0.hasPrefix("alarm.undrain") } == ["alarm.undrain.raised", "alarm.undrain.cleared"])
        #expect(drains(server).count { $0 == "drain n1" } == 1 && drains(server).count { $0 == "undrain n1" } > 1)
    }
}
