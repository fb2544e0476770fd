import Build
import Foundation

@testable import muster

/// BMCs of a lab's machines on its loopback interface: OpenIPMI's simulator, one for each machine, and sushy-tools' Redfish
/// emulator for all that have it.
struct BMCEmulators: Sendable {
    let lab: RunningLab
    let machines: [SwitchedMachine]

    static let user = "admin"
    static let password = "lab-only-pw"
    private static let redfishPort = 18443

    private var directory: String { lab.data + "/bmc" }
    /// `user:password`, which the lab's server reads.
    private var credentials: String { directory + "/credentials" }
    private var ipmi: [SwitchedMachine] { machines.filter { $0.controller == .ipmi } }
    private var redfish: [SwitchedMachine] { machines.filter { $0.controller == .redfish } }

    /// `bmc:` of a machine; nil when it has none.
    func resource(of machine: SwitchedMachine) -> String? {
        switch machine.controller {
        case .none: nil
        case .ipmi: #"bmc: {ipmi: "127.0.0.1:\#(port(of: machine))", credentials: "file:\#(credentials)"}"#
        case .redfish:
            "bmc: {redfish: \"https://127.0.0.1:\(Self.redfishPort)\", system: \"\(machine.uuid)\", "
                + "credentials: \"file:\(credentials)\"}"
        }
    }

    private func port(of machine: SwitchedMachine) -> Int { 6230 + machine.number }

    /// Writes what they are configured with.
    func prepare() async throws {
        try FileManager.default.createDirectory(atPath: directory + "/state", withIntermediateDirectories: true)
        try write("\(Self.user):\(Self.password)\n", to: credentials)
        try write(Self.password, to: directory + "/password")
        for machine in ipmi { try prepareIPMI(machine) }
        if !redfish.isEmpty { try await prepareRedfish() }
    }

    /// Runs them until they are cancelled.
    func run() async throws {
        try await withThrowingTaskGroup { group in
            for machine in ipmi {
                let base = "\(directory)/\(machine.name)"
                let command = ["ipmi_sim", "-c", base + ".conf", "-f", base + ".emu", "-s", base + ".state", "-n"]
                group.addTask { try await run(command, log: base + ".log") }
            }
            if !redfish.isEmpty {
                let program = LabHost.repository + "/Tests/bmc/redfish"
                let command = [Self.python, program, "--config", directory + "/redfish.conf", "--fake"]
                group.addTask { try await run(command, log: directory + "/redfish.log") }
            }
            try await group.waitForAll()
        }
    }

    private func run(_ command: [String], log: String) async throws {
        let status = try await LabProcess.run(try lab.inside + command, log: log)
        guard !Task.isCancelled else { return }
        let text = String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
        throw LabError("\(command[0]) ended (\(status)): \(text.suffix(500))")
    }

    /// Waits until all of them answer.
    func waitUntilReady() async throws {
        for machine in ipmi {
            let address = ["-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", "\(port(of: machine))"]
            let words = ["-U", Self.user, "-f", directory + "/password", "chassis", "power", "status"]
            try await repeated { try await lab.runInside(["ipmitool"] + address + words) }
        }
        guard !redfish.isEmpty else { return }
        let url = "https://127.0.0.1:\(Self.redfishPort)/redfish/v1/"
        try await repeated { try await lab.runInside(["curl", "--silent", "--fail", "--insecure", url]) }
    }

    private func repeated(_ body: () async throws -> String) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(30)
        while true {
            do {
                _ = try await body()
                return
            } catch {
                guard clock.now < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    // MARK: Configurations

    private func prepareIPMI(_ machine: SwitchedMachine) throws {
        let base = "\(directory)/\(machine.name)"
        try FileManager.default.createDirectory(atPath: base + ".state", withIntermediateDirectories: true)
        let configuration = """
            name "\(machine.name)"
            set_working_mc 0x20
              startlan 1
                addr 127.0.0.1 \(port(of: machine))
                priv_limit admin
                allowed_auths_admin none md2 md5 straight
                guid \(machine.uuid.filter { $0 != "-" })
              endlan
              chassis_control "\(SwitchedMachine.program) ipmi \(machine.socket)"
              user 2 true "\(Self.user)" "\(Self.password)" admin 10 none md2 md5 straight

            """
        try write(configuration, to: base + ".conf")
        let emulation = """
            mc_setbmc 0x20
            mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
            mc_enable 0x20

            """
        try write(emulation, to: base + ".emu")
    }

    private func prepareRedfish() async throws {
        try await Self.makePython()
        let certificate = ["-keyout", directory + "/key.pem", "-out", directory + "/certificate.pem"]
        try await HostProgram.run(
            "openssl",
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=bmc"] + certificate
        )
        let hashing = "import bcrypt, sys; print(bcrypt.hashpw(sys.argv[1].encode(), bcrypt.gensalt(6)).decode())"
        let hash = try await HostProgram.run(Self.python, ["-c", hashing, Self.password])
        try write("\(Self.user):\(hash)", to: directory + "/htpasswd")
        let systems = redfish.map { machine in
            """
            {'uuid': '\(machine.uuid)', 'name': '\(machine.name)', 'power_state': 'Off', 'chassis': '\(machine.socket)',
             'external_notifier': False, 'nics': [{'mac': '\(machine.mac)', 'ip': '0.0.0.0'}]}
            """
        }
        let configuration = """
            SUSHY_EMULATOR_LISTEN_IP = '127.0.0.1'
            SUSHY_EMULATOR_LISTEN_PORT = \(Self.redfishPort)
            SUSHY_EMULATOR_STATE_DIR = '\(directory)/state'
            SUSHY_EMULATOR_AUTH_FILE = '\(directory)/htpasswd'
            SUSHY_EMULATOR_SSL_CERT = '\(directory)/certificate.pem'
            SUSHY_EMULATOR_SSL_KEY = '\(directory)/key.pem'
            SUSHY_EMULATOR_FAKE_SYSTEMS = [\(systems.joined(separator: ",\n"))]

            """
        try write(configuration, to: directory + "/redfish.conf")
    }

    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
    }

    // MARK: sushy-tools

    /// Kept from run to run, so that only the first one fetches.
    private static var environment: String { LabHost.store + "/sushy" }
    private static var python: String { environment + "/bin/python" }

    /// Installs sushy-tools, in the versions that `Tests/bmc/requirements.txt` names.
    private static func makePython() async throws {
        let requirements = LabHost.repository + "/Tests/bmc/requirements.txt"
        let installed = environment + "/requirements.txt"
        let files = FileManager.default
        if files.contentsEqual(atPath: requirements, andPath: installed) { return }
        try? files.removeItem(atPath: environment)
        try await HostProgram.run("/usr/bin/python3", ["-m", "venv", environment])
        let options = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        try await HostProgram.run(python, options + ["--requirement", requirements])
        try files.copyItem(atPath: requirements, toPath: installed)
    }
}
