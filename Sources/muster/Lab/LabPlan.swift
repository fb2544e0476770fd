import FoundationEssentials
import Vocabulary

/// What a lab is to be: where it lies, which machines it has and how they boot.
struct LabPlan: Hashable, Sendable {
    /// The lab's own data directory; its server's too.
    var directory: String
    var firmware: LabFirmware
    var count: Int
    /// MiB for each machine.
    var memory: Int
    /// `kvm` or `tcg`.
    var accelerator: String
    /// `server`, or `proxy` beside a DHCP server that somebody joins to the bridge.
    var dhcp: Configuration.DHCP.Mode = .server
    /// What the machines run; nil for the lab's own image.
    var definition: LabDefinition?

    var machines: [VirtualMachine] {
        (0..<count).map { index in
            VirtualMachine(
                number: index + 1,
                firmware: firmware,
                memory: memory,
                accelerator: accelerator,
                directory: "\(directory)/machines/lab-\(index + 1)"
            )
        }
    }

    var configurationPath: String { directory + "/muster.yml" }
    var resourcesPath: String { directory + "/resources.yml" }
    var serverLog: String { directory + "/server.log" }
    var socket: String { directory + "/muster.sock" }

    /// The server's configuration: everything on, in a network without a router.
    var configuration: String {
        // A YAML scalar in double quotes is a JSON string.
        var text = """
            # Written by muster lab; changes are lost.
            data: "\(directory)"
            interface: \(LabNetwork.bridge)
            address: \(LabNetwork.server)
            user: \(LabServer.user(of: directory))
            http: { port: 8080 }
            control: { listen: off }
            # Its machines are switched on and off together.
            rollout: { brake: { share: 100% } }
            dhcp:
              mode: \(dhcp.rawValue)
              routerAdvertisements: true

            """
        if let loader = firmware.loader { text += "  loaders: { \"\(loader.architecture)\": \(loader.file) }\n" }
        if dhcp == .server { text += subnets }
        return text
    }

    private var subnets: String {
        """
          subnets:
            - network: \(LabNetwork.network)
              range: \(LabNetwork.firstAddress)-\(LabNetwork.lastAddress)
              leaseTime: 1h

        """
    }

    /// A PC that is emulated on a busy host does not tick while its kernel looks whether it does, and that is a panic
    /// ("IO-APIC + timer doesn't work").
    private var kernelArguments: String {
        accelerator == "tcg" && firmware.architecture == .amd64 ? "no_timer_check" : ""
    }

    /// The machines, described and so accepted, and what they boot.
    var resources: String {
        let name = definition?.name ?? LabImage.name
        // Of what is built, Muster finds out by itself how its health is known.
        let image =
            definition.map { "image: \"\($0.path)\"\nadopt: nextBoot" + ($0.root.map { "\nroot: \($0)" } ?? "") }
            ?? "image: \(LabImage.name)\nhealth: fetched\n"
            + #"files: [{ path: etc/motd, template: "{{machine.name}} has a file of its own\n" }]"#
        let profile = "kind: Profile\nname: \(name)\n\(image)\nkernelArgs: [\(kernelArguments)]\n"
        return
            ([profile]
            + machines.map { machine in
                """
                kind: Machine
                name: \(machine.name)
                macs: ["\(machine.mac)"]
                profile: \(name)

                """
            }).joined(separator: "---\n")
    }
}
