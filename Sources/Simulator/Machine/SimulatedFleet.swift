import PXE
import Vocabulary

/// The machines of a simulation, and what they share. Belongs to the loop's thread.
final class SimulatedFleet {
    let configuration: Simulation.Configuration
    let loop: EventLoop
    let report: Recorder
    /// What sockets are read into.
    let buffer: UnsafeMutableRawBufferPointer
    let datagrams = DatagramReceiver(capacity: 2048)
    private(set) var relay: RelayAgent!
    /// By image, as soon as one machine has read its manifest.
    var images: [Digest: ImageDigests] = [:]
    private var machines: [SimulatedMachine] = []
    private let publish: (SimulationReport, SystemError?) -> Void
    private var began = Duration.zero
    private var poweredOn = 0

    /// - Parameter publish: told what came of it, again and again, and why it cannot go on.
    init(
        _ configuration: Simulation.Configuration,
        loop: EventLoop,
        publish: @escaping (SimulationReport, SystemError?) -> Void
    ) throws {
        self.configuration = configuration
        self.loop = loop
        self.publish = publish
        report = Recorder(machines: configuration.machines)
        buffer = .allocate(byteCount: 256 << 10, alignment: 16)
        machines.reserveCapacity(configuration.machines)
        for number in 1...configuration.machines {
            machines.append(SimulatedMachine(SimulatedIdentity(number: number), fleet: self))
        }
        relay = try RelayAgent(at: configuration.relay, server: configuration.server, loop: loop) { [unowned self] in
            deliver($0)
        }
    }

    deinit { buffer.deallocate() }

    var now: Duration { .nanoseconds(Int64(loop.nanoseconds)) }

    func begin() {
        // The loop's own time stands still until its first turn.
        loop.schedule(after: .zero) { [self] in
            began = now
            powerOn()
            tick()
        }
    }

    /// This host lacks what the simulation needs.
    func fail(_ error: SystemError) {
        publish(report.report(at: now), error)
        loop.stop()
    }

    private func deliver(_ packet: DHCPPacket) {
        let index = Int(packet.xid & UInt32(SimulatedIdentity.most)) - 1
        if machines.indices.contains(index) { machines[index].received(packet) }
    }

    /// Switches on those whose time has come.
    private func powerOn() {
        let count = configuration.machines
        let share = configuration.over > .zero ? (now - began) / configuration.over : 1
        let due = min(count, Int(share * Double(count)) + 1)
        relay.collecting { _ in
            while poweredOn < due {
                machines[poweredOn].powerOn()
                poweredOn += 1
            }
        }
        guard poweredOn < count else { return }
        let next = began + configuration.over * (Double(poweredOn) / Double(count))
        loop.schedule(after: max(.milliseconds(1), next - now)) { [self] in powerOn() }
    }

    private func tick() {
        publish(report.report(at: now), nil)
        // The next look holds the fleet: machines may still be called in the turn in which the loop is told to end.
        loop.schedule(after: .milliseconds(200)) { [self] in tick() }
        if isOver { loop.stop() }
    }

    private var isOver: Bool {
        guard poweredOn == configuration.machines else { return false }
        if let ending = configuration.ending, now - began > configuration.over + ending { return true }
        return !configuration.takesOrders && report.isSettled
    }
}
