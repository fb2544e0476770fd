import Foundation
import Inventory
import Rollout
import Vocabulary

/// Asks a gate whether a roll may go on.
struct GateQuestion: Sendable {
    let gate: RollSpec.Gate
    var limit = Duration.seconds(60)

    func ask() async -> RollRow.GateOutcome {
        switch gate {
        case .http(let url):
            let answer = await HookRequest(url: url, limit: limit).get()
            let words = answer.lastLine.map { ": \($0)" } ?? ""
            switch answer {
            case .answered(200, _): return .pass
            case .answered(let status, _) where 200..<300 ~= status || status >= 500:
                return .unknown("\(url) answered \(status)\(words)")
            case .answered(let status, _): return .fail("\(url) answered \(status)\(words)")
            case .none: return .unknown("\(url) did not answer\(words)")
            }
        case .prometheus(let server, let query): return await ask(server, query)
        case .command(let arguments):
            let result = await HookProgram(arguments: arguments, limit: limit).run()
            switch result.end {
            case .exited(0): return .pass
            case .exited(HookProgram.again), .late, .unstarted: return .unknown(result.failure(of: arguments))
            case .exited, .signalled: return .fail(result.failure(of: arguments))
            }
        }
    }

    /// Prometheus' HTTP API, instant queries.
    private func ask(_ server: String, _ query: String) async -> RollRow.GateOutcome {
        var base = server[...]
        while base.hasSuffix("/") { base.removeLast() }
        var unreserved = CharacterSet.alphanumerics
        unreserved.insert(charactersIn: "-._~")
        let parameter = query.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
        let answer = await HookRequest(url: "\(base)/api/v1/query?query=\(parameter)", limit: limit).get()
        guard case .answered(let status, let body) = answer else {
            return .unknown("Prometheus at \(base) did not answer" + (answer.lastLine.map { ": \($0)" } ?? ""))
        }
        let reply = try? JSONDecoder().decode(JSONValue.self, from: Data(body.utf8))
        guard status == 200, let data = reply?["data"] else {
            let reason = reply?["error"]?.text ?? HookText.lastLine(of: body) ?? ""
            return .unknown("Prometheus at \(base) answered \(status): \(reason)")
        }
        return PrometheusTruth.outcome(of: data, query: query)
    }
}

/// What the answer to a query says to a gate.
enum PrometheusTruth {
    /// A scalar, or every sample of a vector, is true when it is neither 0 nor NaN. A vector without samples says nothing:
    /// comparisons drop samples that are false unless they are written with `bool`.
    static func outcome(of data: JSONValue, query: String) -> RollRow.GateOutcome {
        switch data["resultType"]?.text {
        case "scalar": return outcome(of: data["result"].map { [$0] } ?? [], query)
        case "vector":
            guard let samples = data["result"]?.elements else { break }
            if samples.isEmpty {
                return .unknown("the query gave nothing, which is neither true nor false: \(query)")
            }
            return outcome(of: samples.map { $0["value"] ?? .null }, query)
        default: break
        }
        return .unknown("the query gave neither a number nor a vector: \(query)")
    }

    private static func outcome(of samples: [JSONValue], _ query: String) -> RollRow.GateOutcome {
        var isFalse = false
        for sample in samples {
            guard let text = sample.elements?.last?.text, let value = Double(text), !value.isNaN else {
                return .unknown("the query gave what is no number: \(query)")
            }
            if value == 0 { isFalse = true }
        }
        if samples.isEmpty { return .unknown("the query gave nothing: \(query)") }
        return isFalse ? .fail("the query is false: \(query)") : .pass
    }
}
