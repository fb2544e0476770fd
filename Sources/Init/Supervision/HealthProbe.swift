import CInit

/// Asks a service once how it is.
enum HealthProbe {
    /// - Parameter done: called once, with what is wrong or nil.
    static func run(
        _ health: SupervisionSettings.Health,
        of container: Container,
        engine: ContainerEngine,
        machine: Machine,
        done: @escaping (String?) -> Void
    ) {
        switch health.probe {
        case .command(let arguments):
            execute(arguments, health, container, engine, machine, done)
        case .tcp(let address):
            HTTPExchange.start(nil, with: address, timeout: health.timeout, loop: machine.loop) { done($0.failure) }
        case .http(let address):
            let request = HTTPRequest(method: "GET", address: address)
            HTTPExchange.start(request, with: address.socket, timeout: health.timeout, loop: machine.loop) { result in
                guard case .answered(let response) = result else { return done(result.failure) }
                done(200..<400 ~= response.status ? nil : "\(address.path) answers \(response.status)")
            }
        }
    }

    private static func execute(
        _ arguments: [String],
        _ health: SupervisionSettings.Health,
        _ container: Container,
        _ engine: ContainerEngine,
        _ machine: Machine,
        _ done: @escaping (String?) -> Void
    ) {
        let file = "\(ContainerEngine.state)/\(container.identifier).probe"
        sys_unlink(file)
        let command = engine.execution(of: arguments, in: container, processFile: file)
        var timer: EventLoop.Timer?
        var isLate = false
        do throws(InitError) {
            let process = try machine.processes.start(command, output: machine.silence) { status in
                machine.loop.cancel(timer)
                if isLate { return done("\(arguments[0]) took longer than \(health.timeout) ms") }
                done(status.isSuccess ? nil : "\(arguments[0]) \(status.text)")
            }
            timer = machine.loop.after(health.timeout) {
                isLate = true
                if let inner = FileSystem.line(file).flatMap({ Int32($0) }) { sys_kill(inner, Signal.kill) }
                sys_kill(process, Signal.kill)
            }
        } catch {
            done(error.message)
        }
    }
}
