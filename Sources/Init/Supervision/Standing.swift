/// How the machine stands, for the agent.
enum Standing: Equatable {
    case booting
    case up
    case healthy
    case failed(String)

    /// What the lives and healths of services come to.
    /// - Parameter isUp: whether the machine was up before.
    static func judge(_ services: [Service], isUp: Bool) -> Standing {
        for service in services {
            if let reason = service.trouble { return .failed("\(service.container.name) \(reason)") }
            if let other = blocker(of: service, among: services) {
                let name = other.container.name
                return .failed("\(service.container.name) waits for \(name), which \(other.life.lastReason)")
            }
        }
        // Who waits for another's health is not waited for; who is on its way for the first time is.
        let isPending = services.contains { !$0.life.hasStarted && $0.life.state != .waiting }
        if !isUp, isPending { return .booting }
        return services.allSatisfy { $0.isWell } ? .healthy : .up
    }

    /// The service that is waited for and will never be ready.
    private static func blocker(of service: Service, among services: [Service]) -> Service? {
        guard service.life.state == .waiting else { return nil }
        return services.first { other in
            guard case .ended = other.life.state else { return false }
            return service.container.settings.after.contains(other.container.name) && !other.isReady
        }
    }
}
