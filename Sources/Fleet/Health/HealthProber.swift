import AsyncHTTPClient
import Inventory
import NIOCore
import NIOPosix
import NIOSSL
import Vocabulary

/// Asks machines whether they are well, over HTTP or by opening a TCP connection.
struct HealthProber: Sendable {
    /// How long a machine may take to answer.
    static let patience: Duration = .seconds(3)
    /// How long until a machine that did not answer is asked again.
    static let interval: Duration = .seconds(5)

    private let client: HTTPClient

    init() {
        var configuration = HTTPClient.Configuration()
        // 300 to 399 is an answer too; and a machine is asked by its address, for which no certificate is made out.
        configuration.redirectConfiguration = .disallow
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        configuration.tlsConfiguration = tls
        configuration.timeout.connect = .seconds(3)
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func shutdown() async { try? await client.shutdown() }

    /// Why the machine at `address` does not count as well, in a few words; nil when it answered as it should.
    func complaint(_ check: HealthCheck, at address: IPv4Address) async -> String? {
        do {
            return try await ask(check, at: address)
        } catch {
            return NoAnswer.words(error, after: Self.patience)
        }
    }

    private func ask(_ check: HealthCheck, at address: IPv4Address) async throws -> String? {
        switch check {
        case .reported, .settled: return "nobody is asked"
        case .http(let probe):
            let url = "\(probe.scheme.rawValue)://\(address):\(probe.port)\(probe.path)"
            let response = try await client.execute(HTTPClientRequest(url: url), timeout: .seconds(3))
            let code = response.status.code
            return (200..<400).contains(code) ? nil : "status \(code)"
        case .tcp(let port):
            let connection = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connectTimeout(.seconds(3))
                .connect(host: address.description, port: Int(port))
                .get()
            // It accepted: how it takes the end says nothing.
            try? await connection.close()
            return nil
        }
    }
}
