import Build
import Foundation
import Testing

@testable import muster

/// Six machines in three racks, and a profile `web` whose image a test changes: what rolls are tried on.
struct RollFleet: Sendable {
    /// What the profile's definition is built with.
    struct Release: Hashable, Sendable {
        /// Makes another image when it changes.
        var name: String
        /// On the kernel's command line.
        var kernel = "quiet"
        /// Seconds for which its service passes its checks.
        var life = 1_000_000

        /// A kernel that finds no first process, and starts the machine again a second after it gave up.
        static func panics(_ name: String) -> Release { Release(name: name, kernel: "quiet panic=1 rdinit=/none") }
        static func dies(_ name: String, after life: Int) -> Release { Release(name: name, life: life) }
    }

    /// How machines of the fleet are reached.
    enum Access: Sendable {
        /// By their agents; a BMC is only for those that hang.
        case agents
        /// Those with a BMC by nothing else: their systems do not speak to the server once they run, and without the BMC's
        /// override for one start they begin with their disk. The others by their agents.
        case controllers
    }

    let lab: RunningLab
    let machines: [SwitchedMachine]
    let access: Access
    let bmcs: BMCEmulators
    /// How long each stage is watched, as `rollout:` says it.
    let bake: String

    static let size = 6
    /// Two may be away at once.
    static let budget = 2

    /// Holds the fleet, switched off, for as long as `body` takes.
    ///
    /// - Parameter controllers: of the last machines; those before have none.
    static func with(
        _ controllers: [SwitchedMachine.Controller] = [],
        access: Access = .agents,
        bake: String = "2s",
        body: @escaping @Sendable (RollFleet) async throws -> Void
    ) async throws {
        try await RunningLab.with(.bios, arguments: ["--machines", "0"], images: .agent) { lab in
            var machines: [SwitchedMachine] = []
            for number in 1...size {
                let place = number - (size - controllers.count) - 1
                let controller = place >= 0 ? controllers[place] : .none
                let machine = try await SwitchedMachine(
                    number,
                    in: lab,
                    controller: controller,
                    memory: AgentImages.memory,
                    isDiskFirst: access == .controllers && controller != .none
                )
                machines.append(machine)
            }
            let bmcs = BMCEmulators(lab: lab, machines: machines)
            let fleet = RollFleet(lab: lab, machines: machines, access: access, bmcs: bmcs, bake: bake)
            try await bmcs.prepare()
            try await fleet.whileHeld { try await body(fleet) }
        }
    }

    private func whileHeld(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            defer { group.cancelAll() }
            for machine in machines {
                group.addTask {
                    try await machine.hold()
                    return false
                }
            }
            group.addTask {
                try await bmcs.run()
                return false
            }
            group.addTask {
                try await bmcs.waitUntilReady()
                try await body()
                return true
            }
            // Without BMCs there is nothing to run, and the first task to end is not the body.
            while let isBody = try await group.next(), !isBody {}
        }
    }

    // MARK: What is applied

    /// Applies the fleet with a release of its image, which is built before this returns.
    func apply(_ release: Release) async throws {
        try await lab.apply(resources(release), definitions: ["web.yml": definition])
        // The first one is built when a machine asks.
        if try await lab.muster(["get", "releases", "--json"]).contains("\"web\"") {
            try await lab.muster(["build", "--profile", "web"])
        }
    }

    private func resources(_ release: Release) -> String {
        let health = access == .agents ? "agent" : "{ fetched: { settle: 20s } }"
        let profile = """
            kind: Profile
            name: web
            image: web.yml
            vars: { release: "\(release.name)", kernel: "\(release.kernel)", life: "\(release.life)" }
            values: { speaks: "yes" }
            files: [{ path: etc/speaks, template: "{{values.speaks}}" }]
            health: \(health)
            rollout: { canary: 1, waves: [100%], maxUnavailable: \(Self.budget), bake: \(bake), minHealthy: 2s,
                       tries: 2, bootDeadline: 3m }

            """
        let machines = machines.map { machine in
            let speaks = access == .agents || machine.controller == .none
            return """
                kind: Machine
                name: \(machine.name)
                macs: ["\(machine.mac)"]
                profile: web
                labels: { rack: r\((machine.number + 1) / 2) }
                values: { speaks: "\(speaks ? "yes" : "no")" }
                \(bmcs.resource(of: machine) ?? "")

                """
        }
        return ([profile] + machines).joined(separator: "---\n")
    }

    private var definition: String {
        let silence = """
              - name: silence
                image: localhost/e2e-probe
                command: [/bin/sh, -c, "busybox grep -q yes /etc/speaks || busybox ip route add blackhole \(LabNetwork.server)"]
                net: host
                capabilities: [CAP_NET_ADMIN]
                binds: ["/etc/speaks:/etc/speaks"]

            """
        // Without its page it fails its checks.
        let service =
            "busybox mkdir -p /www; echo ${release} > /www/release; "
            + "(busybox sleep ${life}; busybox rm /www/release) & exec busybox httpd -f -p 8080 -h /www"
        let base = AgentImages.base.replacing("no_timer_check", with: "no_timer_check ${kernel}")
            .replacing(" quiet ", with: " ")
        return base + (access == .agents ? "" : silence) + """
            services:
              - name: web
                image: localhost/e2e-probe
                command: [/bin/sh, -c, "\(service)"]
                muster: {restart: always, health: {http: "http://:8080/release", interval: 2s}}
            """
    }
}
