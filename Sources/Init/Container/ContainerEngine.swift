import CInit

/// Runs containers. How is up to what the image contains: this is runc by itself.
class ContainerEngine {
    let machine: Machine
    private let program: String

    /// How it went.
    enum Outcome: Equatable {
        case notStarted(String)
        case ended(ExitStatus)
    }

    /// Where process numbers are noted.
    static let state = "/run/muster"

    init(machine: Machine, program: String) {
        self.machine = machine
        self.program = program
    }

    var command: [String] { [program, "--root", "/run/runc"] }

    /// Runs a container that has been prepared, to its end.
    /// - Parameters:
    ///   - started: with its first process, when that has begun.
    ///   - ended: once; the container can be run again then.
    func run(_ container: Container, started: @escaping (Int32) -> Void, ended: @escaping (Outcome) -> Void) {
        runOnce(container, started: started) { [self] outcome in remove(container) { ended(outcome) } }
    }

    /// As `run`, but the container stays known until `remove`: nobody waits for that who runs it once.
    func runOnce(_ container: Container, started: @escaping (Int32) -> Void, ended: @escaping (Outcome) -> Void) {
        do throws(InitError) {
            let output = try ContainerOutput(of: container, machine: machine)
            try begin(container, output: output, started: started) { outcome in
                output.close()
                ended(outcome)
            }
        } catch {
            ended(.notStarted(error.message))
        }
    }

    private func begin(
        _ container: Container,
        output: ContainerOutput,
        started: @escaping (Int32) -> Void,
        ended: @escaping (Outcome) -> Void
    ) throws(InitError) {
        let file = "\(Self.state)/\(container.identifier).pid"
        // Where nothing is to be done between making and starting, runc does both at once.
        let verb = container.isConnected ? ["create"] : ["run", "--detach"]
        let arguments = verb + ["--bundle", container.directory, "--pid-file", file, container.identifier]
        try machine.processes.start(command + arguments, output: output.writer) { [self] status in
            guard status.isSuccess, let process = FileSystem.line(file).flatMap({ Int32($0) }) else {
                return ended(.notStarted("runc \(verb[0]) \(status.text)"))
            }
            if container.isConnected {
                return start(container, process, output: output, started: started, ended: ended)
            }
            output.closeWriter()
            started(process)
            machine.processes.adopt(process) { status in ended(.ended(status)) }
        }
    }

    /// Starts a container that was made, after it got its links and its namespaces their names.
    private func start(
        _ container: Container,
        _ process: Int32,
        output: ContainerOutput,
        started: @escaping (Int32) -> Void,
        ended: @escaping (Outcome) -> Void
    ) {
        // Known from here on: what goes wrong afterwards is seen by its end.
        var reason: String?
        machine.processes.adopt(process) { status in ended(reason.map { .notStarted($0) } ?? .ended(status)) }
        func giveUp(_ text: String) {
            reason = text
            sys_kill(process, Signal.kill)
        }
        do throws(InitError) {
            try container.connect(process: process)
            let arguments = ["start", container.identifier]
            try machine.processes.start(command + arguments, output: output.writer) { status in
                output.closeWriter()
                if status.isSuccess { started(process) } else { giveUp("runc start \(status.text)") }
            }
        } catch {
            giveUp(error.message)
        }
    }

    /// Forgets a container that has ended, so that it can be made again.
    func remove(_ container: Container, then: @escaping () -> Void) {
        do throws(InitError) {
            let arguments = command + ["delete", "--force", container.identifier]
            try machine.processes.start(arguments, output: machine.silence) { _ in then() }
        } catch {
            then()
        }
    }

    /// The command that runs another one in a container that runs.
    func execution(of arguments: [String], in container: Container, processFile: String) -> [String] {
        command + ["exec", "--pid-file", processFile, container.identifier] + arguments
    }
}

enum Signal {
    static let kill: Int32 = 9
    static let terminate: Int32 = 15
}
