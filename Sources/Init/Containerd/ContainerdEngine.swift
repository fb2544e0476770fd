import CInit

/// Runs services under containerd, as LinuxKit does: the image contains it, and services may talk to it. Its shims keep the
/// containers, and what they write comes through a pipe with a name. `ctr`, which comes with it, runs probes of health.
final class ContainerdEngine: ContainerEngine {
    private let containerd: String
    private let client: ContainerdClient
    /// Probes of health so far: each is a process of its own to containerd.
    private var probes = 0

    /// In milliseconds.
    private static let patience: Int64 = 60_000
    private static let poll: Int64 = 10
    private static let restartPause: Int64 = 1_000
    /// Of taking a task away that has ended, and between them.
    private static let attempts = 50
    private static let attemptPause: Int64 = 100

    init(machine: Machine, containerd: String) {
        self.containerd = containerd
        client = ContainerdClient(loop: machine.loop)
        super.init(machine: machine, program: containerd)
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
        let descriptor = sys_unix_connect(ContainerdClient.socket)
        if descriptor >= 0 {
            sys_close(descriptor)
            return ready(nil)
        }
        guard machine.loop.now < end else {
            return ready("containerd does not listen on \(ContainerdClient.socket) after \(Self.patience / 1000) s")
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
            let specification = try specification(of: container)
            let pipe = try ContainerPipe.open(for: container, machine: machine)
            let namespace = container.actions.namespace
            client.createContainer(container.identifier, in: namespace, specification: specification) { [self] result in
                if case .refused(let reason) = result { return ended(.notStarted("containerd: \(reason)")) }
                create(container, log: "file://\(pipe)", started: started, ended: ended)
            }
        } catch {
            ended(.notStarted(error.message))
        }
    }

    /// `config.json` with the whole path of the root file system: containerd keeps a copy elsewhere.
    private func specification(of container: Container) throws(InitError) -> [UInt8] {
        var json = try JSONParser.parse(FileSystem.read(container.directory + "/config.json", limit: 1 << 20))
        guard var root = json["root"], let path = root["path"]?.text else {
            throw InitError("\(container.directory)/config.json names no root")
        }
        if !path.hasBytes(prefix: "/") { root.set("path", .string("\(container.directory)/\(path)")) }
        json.set("root", root)
        return json.bytes
    }

    private func create(
        _ container: Container,
        log: String,
        started: @escaping (Int32) -> Void,
        ended: @escaping (Outcome) -> Void
    ) {
        client.createTask(container.identifier, in: container.actions.namespace, log: log) { [self] result in
            guard case .answered(let message) = result, let number = ProtocolBuffer.number(2, in: message),
                let process = Int32(exactly: number)
            else { return giveUp(container, result, ended) }
            do throws(InitError) {
                try container.connect(process: process)
            } catch {
                return giveUp(container, .refused(error.message), ended)
            }
            // Before it begins: a process that ends at once is seen, too.
            let descriptor = sys_process_descriptor(process)
            client.startTask(container.identifier, in: container.actions.namespace) { [self] result in
                if case .refused = result {
                    if descriptor >= 0 { sys_close(descriptor) }
                    return giveUp(container, result, ended)
                }
                follow(descriptor, of: container, ended: ended)
                started(process)
            }
        }
    }

    /// Takes away what was made of a container that does not run.
    private func giveUp(_ container: Container, _ result: RemoteCall.Result, _ ended: @escaping (Outcome) -> Void) {
        var reason = "containerd: what it answers is not understood"
        if case .refused(let text) = result { reason = "containerd: \(text)" }
        client.deleteTask(container.identifier, in: container.actions.namespace) { [self] _ in
            remove(container) { ended(.notStarted(reason)) }
        }
    }

    /// The process is a shim's child: its end is seen by a descriptor, and its status is containerd's to tell.
    private func follow(_ descriptor: Int32, of container: Container, ended: @escaping (Outcome) -> Void) {
        guard descriptor >= 0 else { return settle(container, ended) }
        machine.loop.watch(descriptor, .readable) { [self] _ in
            machine.loop.forget(descriptor)
            sys_close(descriptor)
            settle(container, ended)
        }
    }

    /// Takes the task away, which tells its status, and forgets the container.
    private func settle(_ container: Container, attempt: Int = 0, _ ended: @escaping (Outcome) -> Void) {
        client.deleteTask(container.identifier, in: container.actions.namespace) { [self] result in
            switch result {
            case .answered(let message):
                let code = ProtocolBuffer.number(3, in: message) ?? 0
                remove(container) { ended(.ended(ExitStatus(code: code))) }
            case .refused(let reason):
                // The shim may see the end later than we do.
                guard attempt < Self.attempts else {
                    return remove(container) { ended(.notStarted("containerd: \(reason)")) }
                }
                machine.loop.after(Self.attemptPause) { [self] in settle(container, attempt: attempt + 1, ended) }
            }
        }
    }

    override func remove(_ container: Container, then: @escaping () -> Void) {
        client.deleteContainer(container.identifier, in: container.actions.namespace) { _ in then() }
    }

    /// `ctr task exec`: probes are seldom, and end by themselves.
    override func execution(of arguments: [String], in container: Container, processFile: String) -> [String] {
        probes += 1
        let control = ProcessTable.find("ctr") ?? "/usr/bin/ctr"
        let command = [control, "--address", ContainerdClient.socket, "--namespace", container.actions.namespace]
        return command + ["task", "exec", "--exec-id", "probe-\(probes)", container.identifier] + arguments
    }
}
