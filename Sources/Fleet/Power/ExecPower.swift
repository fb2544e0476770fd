/// Power by a program of the operator: for sockets with a switch, hypervisors and clouds.
///
/// It gets the machine and the action as its last two arguments, and as `MUSTER_MACHINE` and `MUSTER_ACTION`. It ends
/// with 0 when it is done, with 75 to be asked again, with anything else when it refuses; what it says last is the reason.
/// Asked for `status`, it says `on` or `off`.
struct ExecPower: PowerDriver {
    static let name = "exec"

    let machine: String
    let arguments: [String]
    let timing: PowerTiming

    func perform(_ action: PowerAction) async throws -> PowerOutcome {
        let end = ContinuousClock.now + timing.deadline
        var pause = timing.retry
        while true {
            let program = HookProgram(
                arguments: arguments + [machine, action.rawValue],
                environment: ["MUSTER_MACHINE": machine, "MUSTER_ACTION": action.rawValue],
                limit: end - .now
            )
            let result = await program.run()
            let words = result.lastLine.map { ": \($0)" } ?? ""
            switch result.end {
            case .exited(0):
                let state: PowerState? =
                    action == .status ? result.lastLine.flatMap(PowerState.init) ?? .unknown : nil
                return PowerOutcome(state: state)
            case .exited(HookProgram.again):
                guard ContinuousClock.now + pause < end else {
                    throw PowerFailure("\(arguments[0]) was not done within \(timing.deadline.words)\(words)")
                }
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(10))
            case .exited(let code): throw PowerFailure("\(arguments[0]) ended with status \(code)\(words)")
            case .signalled(let signal): throw PowerFailure("\(arguments[0]) was ended by signal \(signal)\(words)")
            case .late: throw PowerFailure("\(arguments[0]) was not done within \(timing.deadline.words)\(words)")
            case .unstarted(let reason): throw PowerFailure(reason)
            }
        }
    }
}

extension Duration {
    /// `120 s`, `250 ms`.
    var words: String {
        let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}
