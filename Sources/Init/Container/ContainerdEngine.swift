import CInit

/// Runs services under containerd, as LinuxKit does: the image contains it, and services may talk to it. `ctr`, which comes
/// with it, is how it is told; its shims keep the containers, and what they write comes through a pipe with a name.
///
/// Network links and names of namespaces are given to a service right after its start and not before: `ctr` makes and starts
/// a task in one step.
final class ContainerdEngine: ContainerEngine {
    private let containerd: String
    private let control: String
    /// Probes of health so far: each is a process of its own to containerd.
    private var probes = 0

    private static let socket = "/run/containerd/containerd.sock"
    /// In milliseconds.
    private static let patience: Int64 = 60_000
    private static let poll: Int64 = 50
    private static let restartPause: Int64 = 1_000

    init(machine: Machine, containerd: String, control: String) {
        self.containerd = containerd
        self.control = control
        super.init(machine: machine, program: control)
    }

    private func command(_ container: Container) -> [String] {
        [control, "--address", Self.socket, "--namespace", container.actions.namespace]
    }

    // MARK: containerd

    /// Starts containerd, for as long as the machine is up.
    /// - Parameter ready: called once, when it listens or with why it does not.
    func start(ready: @escaping (String?) -> Void) {
        let end = machine.loop.now + Self.patience
        keep()
        waitForSocket(until: end, ready)
    }

    private func keep() {
        do throws(InitError) {
            try machine.processes.start([containerd] + options, output: machine.silence) { [self] status in
                guard !machine.isGoingDown else { return }
                // Containers go on under their shims meanwhile.
                machine.console.say("containerd \(status.text); it starts again")
                machine.loop.after(Self.restartPause) { [self] in keep() }
            }
        } catch {
            machine.console.say(error.message)
        }
    }

    /// `cliopts = "…"` of LinuxKit's file.
    private var options: [String] {
        guard let lines = try? FileSystem.read("/etc/containerd/runtime-config.toml", limit: 64 << 10).lines else {
            return []
        }
        for line in lines where line.trimmed.starts(with: "cliopts") {
            let quoted = line.split(separator: UInt8(ascii: "\""), omittingEmptySubsequences: false)
            if quoted.count >= 3 { return Array(quoted[1]).words.map { String($0) } }
        }
        return []
    }

    private func waitForSocket(until end: Int64, _ ready: @escaping (String?) -> Void) {
        let descriptor = sys_unix_connect(Self.socket)
        if descriptor >= 0 {
            sys_close(descriptor)
            return ready(nil)
        }
        guard machine.loop.now < end else {
            return ready("containerd does not listen on \(Self.socket) after \(Self.patience / 1000) s")
        }
        machine.loop.after(Self.poll) { [self] in waitForSocket(until: end, ready) }
    }

    // MARK: Containers

    override func run(
        _ container: Container,
        started: @escaping (Int32) -> Void,
        ended: @escaping (Outcome) -> Void
    ) {
        do throws(InitError) {
            let specification = try writeSpecification(of: container)
            let pipe = try ContainerPipe.open(for: container, machine: machine)
            let file = "\(Self.state)/\(container.identifier).pid"
            let arguments = [
                "run", "--detach", "--pid-file", file, "--log-uri", "file://\(pipe)", "--config", specification,
                container.identifier,
            ]
            try machine.processes.start(command(container) + arguments, output: pipeWriter(pipe)) { [self] status in
                guard status.isSuccess, let process = FileSystem.line(file).flatMap({ Int32($0) }) else {
                    return remove(container) { ended(.notStarted("ctr run \(status.text)")) }
                }
                follow(process, of: container, started: started, ended: ended)
            }
        } catch {
            ended(.notStarted(error.message))
        }
    }

    /// A fresh descriptor of the pipe for `ctr` itself, which says there why it fails.
    private func pipeWriter(_ path: String) -> Int32 {
        let descriptor = sys_open(path, UInt32(SYS_OPEN_WRITE))
        guard descriptor >= 0 else { return machine.silence }
        machine.loop.after(0) { sys_close(descriptor) }
        return descriptor
    }

    /// `config.json` with the whole path of the root file system: containerd keeps a copy elsewhere.
    private func writeSpecification(of container: Container) throws(InitError) -> String {
        var json = try JSONParser.parse(FileSystem.read(container.directory + "/config.json", limit: 1 << 20))
        guard var root = json["root"], let path = root["path"]?.text else {
            throw InitError("\(container.directory)/config.json names no root")
        }
        if !path.hasBytes(prefix: "/") { root.set("path", .string("\(container.directory)/\(path)")) }
        json.set("root", root)
        let copy = "\(Self.state)/\(container.identifier).json"
        try FileSystem.write(copy, String(json.bytes))
        return copy
    }

    /// The process is a shim's child: its end is seen by a descriptor, and its status is containerd's to tell.
    private func follow(
        _ process: Int32,
        of container: Container,
        started: @escaping (Int32) -> Void,
        ended: @escaping (Outcome) -> Void
    ) {
        let descriptor = sys_process_descriptor(process)
        guard descriptor >= 0 else { return settle(container, ended) }
        machine.loop.watch(descriptor, .readable) { [self] _ in
            machine.loop.forget(descriptor)
            sys_close(descriptor)
            settle(container, ended)
        }
        do throws(InitError) {
            try container.connect(process: process)
        } catch {
            machine.console.say("\(container.identifier): \(error.message)")
        }
        started(process)
    }

    /// Takes the task away, which tells its status, and forgets the container.
    private func settle(_ container: Container, _ ended: @escaping (Outcome) -> Void) {
        let file = "\(Self.state)/\(container.identifier).end"
        let output = sys_open(file, UInt32(SYS_OPEN_WRITE | SYS_OPEN_CREATE))
        defer { if output >= 0 { sys_close(output) } }
        do throws(InitError) {
            let arguments = command(container) + ["task", "delete", container.identifier]
            try machine.processes.start(arguments, output: output >= 0 ? output : machine.silence) { [self] status in
                let said = (try? FileSystem.read(file, limit: 64 << 10)) ?? []
                let code = status.isSuccess ? Self.status(in: said) : status.code
                remove(container) { ended(.ended(ExitStatus(code: code))) }
            }
        } catch {
            ended(.notStarted(error.message))
        }
    }

    /// `ctr task delete` ends with 0 whatever the task's status was, and warns of others:
    /// `… msg="task web exit with non-zero exit code 7"` (containerd 1.6 and 1.7).
    static func status(in warning: [UInt8]) -> Int {
        let words = Array("exit code ".utf8)
        guard let place = warning.indices.last(where: { warning[$0...].starts(with: words) }) else { return 0 }
        let digits = warning[(place + words.count)...].prefix { $0.isDigit }
        return Int(String(Array(digits))) ?? 0
    }

    private func remove(_ container: Container, then: @escaping () -> Void) {
        do throws(InitError) {
            let arguments = command(container) + ["container", "delete", container.identifier]
            try machine.processes.start(arguments, output: machine.silence) { _ in then() }
        } catch {
            then()
        }
    }

    override func execution(of arguments: [String], in container: Container, processFile: String) -> [String] {
        probes += 1
        return command(container) + ["task", "exec", "--exec-id", "probe-\(probes)", container.identifier] + arguments
    }
}
