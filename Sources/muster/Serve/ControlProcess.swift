import Control
import Logging
import ServiceLifecycle
import UnixSignals

/// `muster serve --only control`: the API and the command line's socket, in a process that opens no store. It may come
/// and go, before the boot plane and after it; machines boot all the same.
struct ControlProcess: Sendable {
    let configuration: Configuration
    let logger: Logger

    /// Serves until SIGTERM or SIGINT.
    func run() async throws {
        try await ControlClient.with(socket: configuration.bootSocket) { client in
            let failure = PlaneService.Failure()
            let server = ControlServer(
                configuration: configuration.control.doors,
                plane: RemoteControlPlane(client: client, logger: logger),
                tokens: configuration.tokens,
                logger: logger
            )
            let services = [
                PlaneService(failure, stopping: server.run), PlaneService(failure, cancelling: staySteadyOnHangup),
            ]
            let group = ServiceGroup(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
            do {
                try await group.run()
            } catch {
                throw failure.error ?? error
            }
        }
    }

    /// SIGHUP means the boot plane; whoever sends it to both must not end this one.
    private func staySteadyOnHangup() async {
        for await _ in await UnixSignalsSequence(trapping: .sighup) {
            logger.notice("nothing to reload: the control plane's settings need a restart")
        }
    }
}

extension Configuration {
    /// Where a boot plane that runs alone answers the control plane.
    var bootSocket: String { data + "/boot.sock" }

    /// Both planes' processes read it.
    var tokens: TokenFile { TokenFile(path: data + "/tokens.json") }
}

extension Configuration.Control {
    /// What the control plane listens on.
    var doors: ControlServer.Configuration {
        let anonymous: Role? =
            switch anonymous {
            case .viewer: .viewer
            case .none: nil
            }
        let tls = tls.map { ControlServer.Configuration.TLS(certificate: $0.certificate, key: $0.key) }
        return .init(socket: socket, listen: listen, anonymous: anonymous, tls: tls)
    }
}
