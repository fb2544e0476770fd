import Logging
import PXE

/// Router advertisements on the provisioning network, on one thread, for as long as its interfaces are there.
final class RouterAdvertising: Sendable {
    private let interfaces: [String]
    private let logger: Logger

    init(interfaces: [String], logger: Logger) {
        self.interfaces = interfaces
        self.logger = logger
    }

    /// Advertises until the task is cancelled.
    func run() async throws {
        let loop = try EventLoop(name: "muster-ra")
        let interfaces = interfaces
        let logger = logger
        try await loop.run { loop in
            let shell = Shell(loop: loop, interfaces: interfaces, logger: logger)
            try shell.start()
            // A timer that never comes due holds the shell for as long as the loop runs.
            loop.schedule(after: .seconds(1 << 32)) { withExtendedLifetime(shell) {} }
        }
    }

    /// Belongs to the loop's thread.
    private final class Shell {
        private let loop: EventLoop
        private let interfaces: [String]
        private let logger: Logger
        private var watch: InterfaceWatch?
        /// By the interface's index.
        private var advertisers: [UInt32: RouterAdvertiser] = [:]

        init(loop: EventLoop, interfaces: [String], logger: Logger) {
            self.loop = loop
            self.interfaces = interfaces
            self.logger = logger
        }

        func start() throws {
            watch = try InterfaceWatch(on: loop) { [weak self] in self?.follow() }
            follow()
        }

        /// One advertiser on each interface that is there and up; a new one for one that was made again.
        private func follow() {
            let present: [NetworkInterface]
            do {
                present = try NetworkInterface.all()
            } catch {
                logger.warning("interfaces cannot be listed; advertisements go on", metadata: ["error": "\(error)"])
                return
            }
            let wanted = present.filter { interfaces.contains($0.name) && $0.isUp && $0.mac != nil }
            let indices = Set(wanted.map(\.index))
            advertisers = advertisers.filter { indices.contains($0.key) }
            for interface in wanted where advertisers[interface.index] == nil {
                do {
                    advertisers[interface.index] = try RouterAdvertiser(on: interface, loop: loop)
                } catch {
                    logger.warning("no router advertisements", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
