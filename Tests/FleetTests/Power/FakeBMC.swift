import Foundation
import Inventory
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

@testable import Fleet

/// A management controller with one machine, on loopback, over HTTPS or where that is not what is looked at, HTTP. It speaks Redfish as the standard says, but
/// for its quirks.
final class FakeBMC: Sendable {
    /// What controllers in the field do. Each row of the table of quirks has a case at least.
    enum Quirk: String, CaseIterable, Sendable {
        // Supermicro: what a PATCH does not say is reset.
        case resetsWhatIsNotSaid
        // HPE and Dell: Mode or Enabled is refused where it is read-only, or unchanged.
        case refusesMode, refusesEnabled, refusesUnchangedEnabled
        // Supermicro AS-1015CS (AMI): 200, and then Mode=Legacy and Enabled=Disabled, whatever is asked for.
        case storesLegacyDisabled
        // AMI (Lenovo SR655, Gigabyte): If-Match has to be there; some take the tag only without W/.
        case needsTag, needsStrongTag
        // Various: an empty tag, which is refused when it comes back; any tag is refused.
        case emptyTag, refusesAnyTag
        // Some refuse Accept-Encoding; none is sent.
        case refusesAcceptEncoding
        // Nokia, iDRAC10, ASRock: boot settings belong to @Redfish.Settings.
        case wantsSettings
        // Others advertise settings that hold no boot, or refuse it there.
        case settingsWithoutBoot, settingsRefuseBoot
        // iDRAC 13G: 400, though it was applied.
        case appliesAndRefuses
        // iDRAC: 202, and 404 for a while; SYS518; some time between two operations.
        case vanishesAfterChange, unableToDisplay, restsBetweenChanges
        // iLO: 400 "not ready" for a while after a power change, and in POST.
        case notReady
        // Many: connections that are kept are dropped; the first one is, without an answer.
        case dropsKeptConnections, dropsFirstRequests
        // IBM's OpenBMC: boots cannot be overridden; others cannot with Pxe.
        case noOverride, noPxe
        // sushy-tools: no sessions, `Once` reads `Continuous`, names lead to the real place.
        case noSessions, alwaysContinuous, redirects
        // Resets: what is advertised is refused; the list stands in ActionInfo; nothing comes of what was accepted; the machine
        // takes a while; only ForceOff and On are there; the system does not follow.
        case refusesForceRestart, actionInfo, acceptsAndDoesNothing, slowPower, onlyOffAndOn, systemIsDeaf
        // Restarts of a machine that is on are accepted, and nothing comes of them; switching it off and on works.
        case swallowsRestarts
        // The systems come in pages, the first of which has another one; or the pages never end.
        case pages, endlessPages
    }

    struct State {
        var isOn = true
        /// Looks at the power state until a change of it is seen.
        var delay = 0
        var pending: Bool?
        var boot: [String: String] = [
            "BootSourceOverrideTarget": "None", "BootSourceOverrideEnabled": "Disabled",
            "BootSourceOverrideMode": "UEFI",
        ]
        /// What the machine was made to boot: `network` or `disk`, in order.
        var boots: [String] = []
        var sessions: Set<String> = []
        var sessionsGiven = 0
        var tag = 1
        /// It starts up itself, for ever.
        var isStarting = false
        /// Answers that are still to be what a quirk makes of them.
        var trouble = 0
        /// Method and path of every request, in order.
        var requests: [String] = []
        var bodies: [String] = []
        var resets: [String] = []
        /// How requests let themselves in: `token`, `basic` or `nothing`.
        var authentications: [String] = []
        /// Requests that are being answered, and the most at once.
        var open = 0
        var mostOpen = 0
    }

    static let user = "boss"
    static let password = "s3cret:Wört"

    private let quirks: Mutex<Set<Quirk>>
    private let holder: Holder
    let state = Mutex(State())
    let isSecure: Bool
    let port: Int
    private let channel: any Channel

    private init(quirks: Set<Quirk>, isSecure: Bool, holder: Holder, channel: any Channel) {
        self.quirks = Mutex(quirks)
        self.holder = holder
        self.isSecure = isSecure
        self.channel = channel
        port = channel.localAddress?.port ?? 0
    }

    deinit { channel.close(promise: nil) }

    func has(_ quirk: Quirk) -> Bool { quirks.withLock { $0.contains(quirk) } }

    /// Another firmware: the same place, and other ways.
    func become(_ quirks: Set<Quirk>) { self.quirks.withLock { $0 = quirks } }

    /// From the next connection on.
    func show(certificate: Int) async throws {
        let context = try await TestCertificate.number(certificate).serverContext()
        holder.context.withLock { $0 = context }
    }

    var boots: [String] { state.withLock { $0.boots } }
    var resets: [String] { state.withLock { $0.resets } }

    /// - Parameter isSilent: it takes connections, and says nothing.
    static func start(
        _ quirks: Set<Quirk> = [],
        isSecure: Bool = true,
        isSilent: Bool = false,
        change: (inout State) -> Void = { _ in }
    ) async throws -> FakeBMC {
        let holder = Holder()
        if isSecure {
            let context = try await TestCertificate.number(0).serverContext()
            holder.context.withLock { $0 = context }
        }
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if isSilent { return }
                    let pipeline = channel.pipeline.syncOperations
                    if let context = holder.context.withLock({ $0 }) {
                        try pipeline.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(FakeHTTPHandler { holder.value?.take($0, $1) })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let bmc = FakeBMC(quirks: quirks, isSecure: isSecure, holder: holder, channel: channel)
        bmc.state.withLock { change(&$0) }
        holder.bmc.withLock { $0 = bmc.weak }
        return bmc
    }

    /// Lets handlers of connections find it while it lives.
    final class Holder: Sendable {
        let context = Mutex<NIOSSLContext?>(nil)
        let bmc = Mutex<Weak?>(nil)
        var value: FakeBMC? { bmc.withLock { $0?.value } }
    }

    struct Weak: Sendable { weak let value: FakeBMC? }
    private var weak: Weak { Weak(value: self) }

    func stop() async throws { try await channel.close() }
}

/// A self-signed certificate, made once a test run.
struct TestCertificate: Sendable {
    let key: String
    let certificate: String

    private static let made = Mutex<[Int: Task<TestCertificate, any Error>]>([:])

    static func number(_ number: Int) async throws -> TestCertificate {
        let task = made.withLock { made in
            let task = made[number] ?? Task { try await make() }
            made[number] = task
            return task
        }
        return try await task.value
    }

    private static func make() async throws -> TestCertificate {
        let directory = TemporaryDirectory()
        let result = await HookProgram(
            arguments: [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "1", "-subj", "/CN=bmc", "-keyout", directory.path + "/key", "-out", directory.path + "/crt",
            ],
            limit: .seconds(60)
        ).run()
        guard result.end == .exited(0) else { throw PowerFailure("openssl: \(result)") }
        return TestCertificate(
            key: try String(contentsOfFile: directory.path + "/key", encoding: .utf8),
            certificate: try String(contentsOfFile: directory.path + "/crt", encoding: .utf8)
        )
    }

    func serverContext() throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8))
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))
            )
        )
    }
}
