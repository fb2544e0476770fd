import CInit

/// Runs what the image contains: onboot one after the other, then the services side by side, and looks after those.
final class Supervisor {
    let machine: Machine
    /// Of onboot and onshutdown.
    private var engine: ContainerEngine?
    /// Of services: the same, or containerd.
    private var serviceEngine: ContainerEngine?
    private var services: [Service] = []
    /// Those that run to their end, at boot and at shutdown.
    private var tasks: [Container] = []
    /// Of onboot, which nobody waits for any more: they are forgotten when the machine is up.
    private var remains: [Container] = []
    private(set) var standing = Standing.booting
    private var hugePages = HugePages()
    private var isUp = false
    private var isStopping = false
    /// Is told each new standing.
    var changed: (Standing) -> Void = { _ in }

    init(machine: Machine) { self.machine = machine }

    private var console: Console { machine.console }

    // MARK: Boot

    func start() {
        sys_mkdir(ContainerEngine.state, 0o700)
        Volume.mountAll(console: console)
        let onboot = Container.all(.onboot, console: console)
        tasks = onboot
        services = Container.all(.services, console: console).map { Service($0) }
        if let runc = ProcessTable.find("runc") {
            engine = ContainerEngine(machine: machine, program: sealed(runc))
        } else if !onboot.isEmpty || !services.isEmpty {
            return fail("the image has containers and no runc: add one to init")
        }
        serviceEngine = engine
        sequence(onboot[...]) { [self] in
            // Not before: what runs at boot may choose for the machine.
            hugePages.holdBack()
            prepareEngine()
        }
    }

    /// The program itself, when there can be no copy of it.
    private func sealed(_ runc: String) -> String {
        do throws(InitError) {
            return try SealedProgram.make(of: runc)
        } catch {
            console.say(error.message)
            return runc
        }
    }

    /// Services run under containerd when the image contains it.
    private func prepareEngine() {
        guard !services.isEmpty, let containerd = ProcessTable.find("containerd") else { return startServices() }
        let engine = ContainerdEngine(machine: machine, containerd: containerd)
        serviceEngine = engine
        engine.start { [self] reason in
            if let reason { fail(reason) } else { startServices() }
        }
    }

    /// Runs containers one after the other, each to its end.
    private func sequence(_ containers: ArraySlice<Container>, then: @escaping () -> Void) {
        guard let container = containers.first, let engine else { return then() }
        run(container, engine) { [self] failure in
            container.release()
            remains.append(container)
            if let failure {
                console.say("\(container.identifier) \(failure)")
                if container.section == .onboot, container.settings.onFailure == .halt {
                    return fail("onboot \(container.identifier) \(failure)\(container.lastWords())")
                }
            }
            sequence(containers.dropFirst(), then: then)
        }
    }

    /// - Parameter done: with what went wrong.
    private func run(_ container: Container, _ engine: ContainerEngine, done: @escaping (String?) -> Void) {
        do throws(InitError) {
            try container.prepare()
        } catch {
            return done("did not start: \(error.message)")
        }
        engine.runOnce(
            container,
            started: { _ in },
            ended: { outcome in
                switch outcome {
                case .notStarted(let reason): done("did not start: \(reason)")
                case .ended(let status): done(status.isSuccess ? nil : status.text)
                }
            }
        )
    }

    // MARK: Services

    private func startServices() {
        let after = Dictionary(uniqueKeysWithValues: services.map { ($0.container.name, $0.container.settings.after) })
        let stuck = StartOrder.stuck(after)
        for service in services where stuck.contains(service.container.name) {
            console.say("\(service.container.name) waits for itself: it starts with the others")
        }
        for service in services {
            do throws(InitError) {
                try service.container.prepare()
            } catch {
                console.say("\(service.container.name) is not prepared: \(error.message)")
            }
        }
        startReady(stuck: stuck)
    }

    /// Starts what waits and need not any more.
    private func startReady(stuck: Set<String> = []) {
        for service in services where service.life.state == .waiting {
            let names = stuck.contains(service.container.name) ? [] : service.container.settings.after
            let isBlocked = services.contains { names.contains($0.container.name) && !$0.isReady }
            if !isBlocked { follow(service.life.begin(), service) }
        }
        judge()
    }

    private func follow(_ action: ServiceLife.Action, _ service: Service) {
        switch action {
        case .start: start(service)
        case .startAfter(let pause):
            console.say("\(service.container.name) \(service.life.lastReason); it starts again in \(pause / 1000) s")
            for line in service.container.log.last(3, after: service.mark) {
                console.say("  \(service.container.name): \(String(line))")
            }
            machine.loop.after(pause) { [self] in
                if !isStopping { follow(service.life.begin(), service) }
            }
        case .none: break
        }
    }

    private func start(_ service: Service) {
        guard let engine = serviceEngine else { return }
        service.mark = service.container.log.count
        engine.run(
            service.container,
            started: { [self] process in
                service.process = process
                let now = machine.loop.now
                service.life.started(at: now)
                scheduleProbe(of: service, after: 0)
                startReady()
                machine.loop.after(ServiceLife.trial) { [self] in
                    service.life.lasted(since: now)
                    judge()
                }
            },
            ended: { [self] outcome in
                service.process = nil
                service.health?.forget()
                machine.loop.cancel(service.probe)
                guard !isStopping else { return }
                switch outcome {
                case .notStarted(let reason): follow(service.life.notStarted(reason), service)
                case .ended(let status): follow(service.life.ended(status, at: machine.loop.now), service)
                }
                if !service.life.isKept { console.say("\(service.container.name) \(service.life.lastReason)") }
                startReady()
            }
        )
    }

    // MARK: Health

    private func scheduleProbe(of service: Service, after pause: Int64) {
        guard let settings = service.container.settings.health, let engine = serviceEngine else { return }
        service.probe = machine.loop.after(pause) { [self] in
            let process = service.process
            HealthProbe.run(settings, of: service.container, engine: engine, machine: machine) { [self] reason in
                // The answer of a life that is over says nothing about the next.
                guard process != nil, service.process == process, !isStopping else { return }
                let isNews = service.health?.probed(reason) == true
                if isNews {
                    console.say("\(service.container.name) is \(reason.map { "sick: \($0)" } ?? "healthy")")
                }
                scheduleProbe(of: service, after: service.health?.nextProbe ?? settings.interval)
                if isNews { startReady() }
            }
        }
    }

    // MARK: Standing

    /// Sees how the machine stands after something has changed. It is up once, healthy or failed whenever that changes.
    private func judge() {
        let next = Standing.judge(services, isUp: isUp)
        if !isUp, next == .up || next == .healthy {
            isUp = true
            hugePages.allow()
            machine.announceUp()
            forgetRemains()
            standing = .up
            changed(.up)
        }
        guard next != standing, next != .up, !isStopping else { return }
        standing = next
        changed(next)
    }

    /// Lets runc forget what has ended, one after the other: a container of onshutdown may have the same name.
    private func forgetRemains(then: @escaping () -> Void = {}) {
        guard let engine, let container = remains.popLast() else { return then() }
        engine.remove(container) { [self] in forgetRemains(then: then) }
    }

    private func fail(_ reason: String) {
        console.say("the boot stops here: \(reason)")
        standing = .failed(reason)
        changed(standing)
    }

    /// Our own log, and those of all containers that there were or are.
    var logs: [LogSource] {
        [LogSource(identifier: "init", name: "init", log: { [console] in console.log })]
            + (tasks + services.map { $0.container }).map { container in
                LogSource(identifier: container.identifier, name: container.name, log: { container.log })
            }
    }

    // MARK: Shutdown

    /// Starts nothing again, runs what is meant for the end, and says when that is done.
    func stop(then: @escaping () -> Void) {
        isStopping = true
        let onshutdown = Container.all(.onshutdown, console: console)
        tasks += onshutdown
        forgetRemains { [self] in sequence(onshutdown[...], then: then) }
    }
}
