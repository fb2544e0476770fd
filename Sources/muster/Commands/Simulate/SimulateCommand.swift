import ArgumentParser
import Foundation
import Simulator
import UnixSignals
import Vocabulary

/// `muster simulate`
struct SimulateCommand: AsynchronousCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Boot machines that are none from a running server, to try storms and rolls.",
        discussion: """
            Each asks by DHCP, TFTP and HTTP as a real one does, from the address that the server gives it, checks what it \
            loads and reports. This host has to have those addresses: 127.0.0.0/8 is its own; for another network, \
            `ip route add local NETWORK dev lo` in a network namespace. --prepare describes the machines to a server; \
            without it they boot. docs/simulator.md has the steps.
            """
    )

    @Option(help: "How many machines.")
    var machines = 100

    @Option(help: .init("The power comes on at one after the other in this time.", valueName: "seconds"))
    var over = 1.0

    @Option(help: .init("The server's address, when not the configuration's.", valueName: "ipv4"))
    var address: String?

    @Option(
        help: .init("This host's address in the machines' network, that of the relay agent.", valueName: "ipv4")
    )
    var relay: String?

    @Option(help: .init("Of the machines: images but their first panic on them.", valueName: "n%"))
    var badImages = FaultShare.none

    @Option(help: .init("Of the boots: they die on the way and begin again.", valueName: "n%"))
    var flaky = FaultShare.none

    @Option(help: .init("Of the machines: their NIC hears nothing.", valueName: "n%"))
    var deadNics = FaultShare.none

    @Option(help: .init("Of the machines: 1 MiB/s and 10 ms.", valueName: "n%"))
    var slowLinks = FaultShare.none

    @Option(
        help: .init(
            "From the last byte to the system's first report (default: 0; 5 with --reboot-on-order).",
            valueName: "seconds"
        )
    )
    var bootTime: Double?

    @Flag(help: "Stay when they are healthy, and reboot when the server orders it, until Ctrl-C.")
    var rebootOnOrder = false

    @Option(name: .customLong("for"), help: .init("With --reboot-on-order: end after this time.", valueName: "seconds"))
    var lasting: Double?

    @Option(help: "Decides which machines have which faults, and with --prepare the image's bytes.")
    var seed: UInt64 = 1

    @Flag(help: "Describe the machines, their profile and its image to the server of --data, and end.")
    var prepare = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard 1...SimulatedIdentity.most ~= machines else {
            throw ValidationError("--machines: expected 1 to \(SimulatedIdentity.most)")
        }
        for (name, value) in [("--over", over), ("--boot-time", bootTime ?? 0), ("--for", lasting ?? 0)] {
            guard 0...86_400 ~= value else { throw ValidationError("\(name): expected seconds, at most a day") }
        }
        for (name, value) in [("--address", address), ("--relay", relay)] {
            if let value, IPv4Address(value) == nil {
                throw ValidationError("\(name): found '\(value)', expected an IPv4 address")
            }
        }
        if lasting != nil, !rebootOnOrder { throw ValidationError("--for is of no use without --reboot-on-order") }
    }

    func run() async throws {
        if prepare { return try await SimulationPreparation(machines: machines, seed: seed).run(common) }
        let simulation = Simulation(try configuration())
        let display = SimulationDisplay()
        try await run(simulation, display)
        let report = simulation.report
        if common.json {
            try Terminal.print(json: report)
        } else {
            Terminal.print(SimulationDisplay.text(report))
        }
        if report.counts.wrongDigests > 0 || !rebootOnOrder && report.lost > 0 { throw ExitCode(1) }
    }

    private func configuration() throws -> Simulation.Configuration {
        let configured = try common.load().configuration.address
        guard let server = address.flatMap({ IPv4Address($0) }) ?? configured else {
            throw ValidationError("--address: say the server's address; the configuration has none")
        }
        guard let relay = relay.flatMap({ IPv4Address($0) }) ?? (server.isLoopback ? server.advanced(by: 1) : nil)
        else {
            throw ValidationError(
                "--relay: say an address of this host in the network that the machines get addresses from"
            )
        }
        var result = Simulation.Configuration(
            machines: machines,
            over: .seconds(over),
            server: server,
            relay: relay
        )
        result.faults.badImages = badImages.percent
        result.faults.flaky = flaky.percent
        result.faults.deadNICs = deadNics.percent
        result.faults.slowLinks = slowLinks.percent
        result.seed = seed
        result.bootTime = .seconds(bootTime ?? (rebootOnOrder ? 5 : 0))
        result.takesOrders = rebootOnOrder
        if rebootOnOrder { result.ending = lasting.map { .seconds($0) } }
        return result
    }

    /// Until it ends by itself or by a signal, showing how it goes.
    private func run(_ simulation: Simulation, _ display: SimulationDisplay) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await simulation.run() }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { return }
            }
            let showing = Task {
                while !Task.isCancelled {
                    display.show(simulation.report)
                    try? await Task.sleep(for: .milliseconds(200))
                }
            }
            defer {
                showing.cancel()
                display.end()
            }
            try await group.next()
            group.cancelAll()
        }
    }
}

/// Per cent, with the sign or without.
struct FaultShare: ExpressibleByArgument, Sendable {
    var percent: Double

    static let none = FaultShare(percent: 0)

    private init(percent: Double) { self.percent = percent }

    init?(argument: String) {
        guard let percent = Double(argument.hasSuffix("%") ? argument.dropLast() : argument[...]), 0...100 ~= percent
        else { return nil }
        self.percent = percent
    }

    var defaultValueDescription: String { "\(percent.formatted())%" }
}
