import PXE
import Vocabulary

/// A machine from power-on to health, again and again. Belongs to the loop's thread.
///
/// Every step keeps what it waits for (a timer, a socket, a connection) here, and `halt` lets go of all of it: what was
/// begun in one boot is never heard of in the next.
final class SimulatedMachine {
    let identity: SimulatedIdentity
    unowned let fleet: SimulatedFleet
    let hasDeadNIC: Bool
    let isSlow: Bool
    private let refusesNews: Bool
    private var standing = Standing.off
    private(set) var boots = 0
    /// Where this boot dies, of its own; nil for one that lives.
    private(set) var death: Death?
    var poweredOn = Duration.zero
    /// When the step that is under way began.
    var stepBegan = Duration.zero

    var timer: EventLoop.Timer?
    var exchange: DHCPExchange?
    private var transactions: UInt32 = 0
    var address: IPv4Address?
    var download: TFTPDownload?
    var socket: DatagramSocket?
    var socketWatch: EventLoop.Watch?
    var tftpServer: SocketAddress?
    var lastBlock = Duration.zero
    var connection: Connection?
    /// What iPXE is loading.
    var script: BootScript?
    var image: Digest?
    var token: String?
    private var firstImage: Digest?
    /// Of the running system.
    var agent: SimulatedAgent?

    init(_ identity: SimulatedIdentity, fleet: SimulatedFleet) {
        self.identity = identity
        self.fleet = fleet
        let faults = fleet.configuration.faults
        var fate = Fate(seed: fleet.configuration.seed, machine: identity.number, boot: 0)
        hasDeadNIC = fate.happens(percent: faults.deadNICs)
        isSlow = fate.happens(percent: faults.slowLinks)
        refusesNews = fate.happens(percent: faults.badImages)
    }

    var now: Duration { fleet.now }
    var report: Recorder { fleet.report }
    /// Firmware takes one block after the other, or four.
    var tftpWindow: Int { identity.number.isMultiple(of: 2) ? 4 : 1 }

    func powerOn() {
        halt()
        boots += 1
        report.count(\.boots)
        if boots == 1 { report.poweredOn(at: now) }
        var fate = Fate(seed: fleet.configuration.seed, machine: identity.number, boot: boots)
        death =
            fate.happens(percent: fleet.configuration.faults.flaky)
            ? Death.allCases[Int(fate.next() % UInt64(Death.allCases.count))] : nil
        poweredOn = now
        move(to: .firmware)
        if boots == 1, hasDeadNIC { report.count(\.deadNICs) }
        begin(.firmware)
    }

    /// Lets go of everything that a boot had.
    private func halt() {
        if let timer { fleet.loop.cancel(timer) }
        timer = nil
        exchange = nil
        hangUp()
        closeDownload()
        script = nil
        image = nil
        token = nil
        agent?.stop()
        agent = nil
    }

    func hangUp() {
        connection?.close()
        connection = nil
    }

    func closeDownload() {
        if let socketWatch { fleet.loop.cancel(socketWatch) }
        socketWatch = nil
        socket = nil
        download = nil
    }

    func move(to standing: Standing) {
        guard standing != self.standing else { return }
        report.moved(from: self.standing, to: standing, at: now)
        self.standing = standing
    }

    /// Calls `action` after `delay`, instead of what waited before.
    func after(_ delay: Duration, _ action: @escaping (SimulatedMachine) -> Void) {
        if let timer { fleet.loop.cancel(timer) }
        timer = fleet.loop.schedule(after: delay) { [unowned self] in
            timer = nil
            action(self)
        }
    }

    func stopTimer() {
        if let timer { fleet.loop.cancel(timer) }
        timer = nil
    }

    /// The boot failed: firmware tries its boot order again.
    func fail(_ reason: String) {
        report.failed("\(identity.name): \(reason)")
        restart()
    }

    /// The boot dies as it was meant to.
    func die() {
        report.count(\.deaths)
        restart()
    }

    private func restart() {
        halt()
        move(to: .off)
        after(Faults.restart) { $0.powerOn() }
    }

    /// Nothing more happens to it.
    func end() {
        halt()
        move(to: .ended)
    }

    func nextTransaction() -> UInt32 {
        transactions = (transactions + 1) & 0xfff
        return transactions << 20 | UInt32(identity.number)
    }

    /// Whether the image that is loaded panics on this machine.
    func refuses(_ image: Digest?) -> Bool {
        firstImage = firstImage ?? image
        return refusesNews && image != firstImage
    }
}
