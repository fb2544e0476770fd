import Logging
import NIOCore
import Synchronization
import Vocabulary

/// What all connections of the boot plane share.
final class HTTPBootPlane: Sendable {
    let authority: any BootAuthority
    let renderer: ScriptRenderer
    let configuration: HTTPBootService.Configuration
    let counters = HTTPCounters()
    let connections = ConnectionRegistry()
    let logger: Logger
    private let guardian: Mutex<LoopGuard?>
    /// Each made by its event loop, with the first connection.
    private let loops: [ObjectIdentifier: NIOLoopBoundBox<HTTPLoop?>]

    init(
        authority: any BootAuthority,
        renderer: ScriptRenderer,
        configuration: HTTPBootService.Configuration,
        eventLoops: [any NIOCore.EventLoop],
        logger: Logger
    ) {
        self.authority = authority
        self.renderer = renderer
        self.configuration = configuration
        self.logger = logger
        loops = Dictionary(
            uniqueKeysWithValues: eventLoops.map {
                (ObjectIdentifier($0), NIOLoopBoundBox.makeEmptyBox(valueType: HTTPLoop.self, eventLoop: $0))
            }
        )
        guardian = Mutex(
            configuration.bootScriptsPerMinute.map { limit in
                var configuration = LoopGuard.Configuration()
                configuration.limit = limit
                return LoopGuard(configuration: configuration)
            }
        )
    }

    /// What the connections of `eventLoop` share. To be called on it.
    func loop(of eventLoop: any NIOCore.EventLoop) -> HTTPLoop {
        guard let box = loops[ObjectIdentifier(eventLoop)] else { preconditionFailure("a connection of another group") }
        if let loop = box.value { return loop }
        let loop = HTTPLoop(eventLoop: eventLoop, limits: configuration.limits)
        box.value = loop
        return loop
    }

    /// The script for an answer; a screen instead of the next kernel for a machine that is in a loop, because one
    /// that only reboots itself would keep doing so unseen. Previews are nobody's boots: who asks for another machine's
    /// script cannot put it in a loop.
    func script(_ answer: BootAnswer, for request: BootRequest, now: Moment) -> [UInt8] {
        guard case .boot(let boot) = answer, boot.boot != .preview else { return renderer.render(answer, for: request) }
        switch guardian.withLock({ $0?.record(boot.mac, now: now) ?? .fine }) {
        case .fine:
            return renderer.render(answer, for: request)
        case .began(let requestsPerMinute):
            authority.observe(.looping(boot.mac, requestsPerMinute: requestsPerMinute))
            return renderer.render(.pause(Self.loopScreen(of: boot)), for: request)
        case .looping, .hopeless:
            return renderer.render(.pause(Self.loopScreen(of: boot)), for: request)
        }
    }

    private static func loopScreen(of boot: BootInstructions) -> Pause {
        Pause(
            lines: [
                "machine \(boot.machine), image \(boot.image.short)",
                "this machine starts its image again and again: see its events on the server",
            ],
            seconds: 60
        )
    }
}
