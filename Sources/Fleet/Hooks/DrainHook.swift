import Inventory
import Rollout
import Vocabulary

/// Tells an operator's hook to take a machine's work away, or that it may come back.
///
/// HTTP: a POST of `{"machine": …, "labels": {…}, "action": "drain" | "undrain"}`; 200 and 204 say that it is done, 202 to
/// be asked again, the rest refuses. A program: machine and action as its last arguments, and with the labels as JSON in
/// `MUSTER_MACHINE`, `MUSTER_ACTION` and `MUSTER_LABELS`; 0, 75 and the rest. Who does not answer in time is asked again:
/// the roll's own deadline for drains ends that.
struct DrainHook: Sendable {
    let hook: RollSpec.Drain.Hook
    var limit = Duration.seconds(60)

    func tell(_ machine: Machine, isBack: Bool) async -> Errand.Outcome {
        let action = isBack ? "undrain" : "drain"
        let labels = JSONValue.object(machine.labels.mapValues(JSONValue.string))
        switch hook {
        case .http(let url):
            let message = JSONValue.object([
                "machine": .string(machine.name), "labels": labels, "action": .string(action),
            ])
            let answer = await HookRequest(url: url, limit: limit).post(json: message.json)
            let words = answer.lastLine.map { ": \($0)" } ?? ""
            switch answer {
            case .answered(200, _), .answered(204, _): return .done
            case .answered(202, _): return .again("\(url) answered 202\(words)")
            case .none: return .again("\(url) did not answer\(words)")
            case .answered(let status, _): return .refused("\(url) answered \(status)\(words)")
            }
        case .command(let arguments):
            let environment = [
                "MUSTER_MACHINE": machine.name, "MUSTER_ACTION": action, "MUSTER_LABELS": labels.json,
            ]
            let result = await HookProgram(
                arguments: arguments + [machine.name, action],
                environment: environment,
                limit: limit
            ).run()
            switch result.end {
            case .exited(0): return .done
            case .exited(HookProgram.again), .late: return .again(result.failure(of: arguments))
            case .exited, .signalled, .unstarted: return .refused(result.failure(of: arguments))
            }
        }
    }
}

extension HookProgram.Result {
    /// Why it did not do what it was started for.
    func failure(of arguments: [String]) -> String {
        let name = arguments.first ?? ""
        let words = lastLine.map { ": \($0)" } ?? ""
        return switch end {
        case .exited(let code): "\(name) ended with status \(code)\(words)"
        case .signalled(let signal): "\(name) was ended by signal \(signal)\(words)"
        case .late: "\(name) took too long\(words)"
        case .unstarted(let reason): reason
        }
    }
}
