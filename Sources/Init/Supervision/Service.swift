/// A service while the machine is up: its container, its life, its health.
final class Service {
    let container: Container
    var life: ServiceLife
    var health: HealthLife?
    var process: Int32?
    var probe: EventLoop.Timer?
    /// Lines of its log before this life.
    var mark = 0

    init(_ container: Container) {
        self.container = container
        life = ServiceLife(restart: container.settings.restart)
        health = container.settings.health.map { HealthLife(interval: $0.interval) }
    }

    /// Whether the services that wait for it may start: it is healthy, or it runs and nobody says how to ask, or it was a task
    /// and is done.
    var isReady: Bool {
        if case .ended(let status) = life.state { return status.isSuccess }
        if let health { return health.state == .healthy }
        return life.isRunning
    }

    /// What makes the whole machine one that has failed; nil when nothing does.
    var trouble: String? {
        if case .failed(let reason) = life.state { return "did not start: \(reason)" }
        if life.isLooping {
            return "\(life.lastReason), \(life.failures) times in a row\(container.lastWords(after: mark))"
        }
        if case .sick(let reason)? = health?.state { return "is sick: \(reason)" }
        return nil
    }

    /// As well as can be known: healthy where it says how to ask, running where it is kept running. Who ends and is left so
    /// is a task, and well however it ends.
    var isWell: Bool {
        switch life.state {
        case .waiting, .starting, .paused, .failed: false
        case .ended: true
        case .running: health.map { $0.state == .healthy } ?? !life.isTried
        }
    }
}
