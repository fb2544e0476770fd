import Foundation
import Inventory

/// Power by the machine's management controller, over IPMI 2.0: by the program `ipmitool`, which reads the password from its
/// standard input.
struct IPMIPower: PowerDriver {
    static let name = "ipmi"
    /// 17 is AES with SHA-256; 3, with SHA-1, is what older controllers have.
    private static let ciphers = [17, 3]

    let machine: Machine
    let access: BMC
    let ipmi: BMC.IPMI
    let desk: PowerDesk

    private var controller: String { "\(ipmi.host):\(ipmi.port)" }
    private var timing: PowerTiming { desk.timing }

    func perform(_ action: PowerAction) async throws -> PowerOutcome {
        try await desk.door.operate(at: controller) {
            let credentials = try await BMCCredentials.read(access.credentials, for: machine.name)
            let tool = Tool(power: self, credentials: credentials, deadline: .now + timing.deadline)
            let (state, cipher) = try await agreement(tool)
            let session = Session(tool: tool, cipher: cipher)
            switch action {
            case .status: return PowerOutcome(state: state)
            case .on where state == .on, .off where state == .off: return PowerOutcome(state: state)
            case .off: return PowerOutcome(state: try await switchOff(session))
            case .on, .cycle, .reboot:
                let note = try await overrideBoot(session)
                guard state == .on else { return PowerOutcome(state: try await switchOn(session), note: note) }
                let escalation = try await restart(session)
                let notes = [escalation, note].compactMap(\.self)
                return PowerOutcome(state: .on, note: notes.isEmpty ? nil : notes.joined(separator: "; "))
            }
        }
    }

    // MARK: Actions

    /// The power's state, and the cipher suite with which it could be asked for.
    private func agreement(_ tool: Tool) async throws -> (PowerState, Int) {
        let known = try desk.memory.entry(of: controller).cipher
        let ciphers = ipmi.cipher.map { [$0] } ?? (known.map { [$0] } ?? []) + Self.ciphers.filter { $0 != known }
        var failure = PowerFailure("no cipher suite")
        for cipher in ciphers {
            do {
                let said = try await tool.run(["chassis", "power", "status"], cipher: cipher)
                if cipher != known { try desk.memory.change(controller) { $0.cipher = cipher } }
                let words = said.lowercased()
                return (words.contains("power is on") ? .on : words.contains("power is off") ? .off : .unknown, cipher)
            } catch let error as PowerFailure where error.isUnreachable {
                failure = error
            }
        }
        throw failure
    }

    /// The flag of the next boot is valid for 60 s unless that is switched off, which not all take; so what follows must
    /// follow at once.
    private func overrideBoot(_ session: Session) async throws -> String? {
        _ = try? await session.run(["raw", "0x00", "0x08", "0x03", "0x08"])
        do {
            _ = try await session.run(["chassis", "bootdev", "pxe"] + (access.isEFI ? ["options=efiboot"] : []))
            return nil
        } catch let failure as PowerFailure where !failure.isUnreachable {
            return "the boot override was refused: \(failure); the machine's own boot order decides"
        }
    }

    private func switchOn(_ session: Session) async throws -> PowerState {
        _ = try await session.run(["chassis", "power", "on"])
        guard try await reaches(.on, session) else {
            throw PowerFailure("power on was accepted, and the machine is not on after \(timing.settle.words)")
        }
        return .on
    }

    private static let strongest = "power off and on"

    /// Of a machine that is on. What it shows by its state is the same before and after, but for the strongest way.
    ///
    /// - Returns: what is to be said of earlier attempts.
    private func restart(_ session: Session) async throws -> String? {
        let boots = desk.boots(of: machine)
        let record = try desk.memory.resets(of: machine.name, at: controller, boots: boots)
        var reasons: [String] = []
        for way in record.order(["power cycle", "power reset", Self.strongest], strongest: Self.strongest) {
            do {
                if way == Self.strongest {
                    _ = try await session.run(["chassis", "power", "off"])
                    guard try await reaches(.off, session) else {
                        reasons.append(
                            "power off was accepted, and the machine is not off after \(timing.settle.words)"
                        )
                        break
                    }
                    _ = try await switchOn(session)
                } else {
                    _ = try await session.run(["chassis"] + way.split(separator: " ").map(String.init))
                }
                try desk.memory.noteReset(way, of: machine.name, at: controller, boots: boots)
                return record.note.map { "\($0): \(way) this time" }
            } catch let failure as PowerFailure where !failure.isUnreachable {
                reasons.append("\(failure)")
            }
        }
        throw PowerFailure((reasons + [record.note].compactMap(\.self)).joined(separator: "; "))
    }

    var isSpent: Bool {
        desk.memory.isSpent(on: machine.name, at: controller, boots: desk.boots(of: machine))
    }

    private func switchOff(_ session: Session) async throws -> PowerState {
        if (try? await session.run(["chassis", "power", "soft"])) != nil,
            try await reaches(.off, session, within: timing.grace)
        {
            return .off
        }
        _ = try await session.run(["chassis", "power", "off"])
        guard try await reaches(.off, session) else {
            throw PowerFailure("power off was accepted, and the machine is not off after \(timing.settle.words)")
        }
        return .off
    }

    private func reaches(_ state: PowerState, _ session: Session, within limit: Duration? = nil) async throws -> Bool {
        let end = ContinuousClock.now + (limit ?? timing.settle)
        while true {
            let said = try await session.run(["chassis", "power", "status"]).lowercased()
            if said.contains("power is \(state.rawValue)") { return true }
            guard ContinuousClock.now + timing.poll < end else { return false }
            try await Task.sleep(for: timing.poll)
        }
    }

    // MARK: ipmitool

    private struct Session {
        let tool: Tool
        let cipher: Int

        func run(_ command: [String]) async throws -> String { try await tool.run(command, cipher: cipher) }
    }

    private struct Tool {
        let power: IPMIPower
        let credentials: BMCCredentials
        let deadline: ContinuousClock.Instant

        /// - Returns: what it said.
        /// - Throws: `PowerFailure`; `isUnreachable` when no session came about.
        func run(_ command: [String], cipher: Int) async throws -> String {
            let remaining = deadline - .now
            guard remaining > .zero else {
                throw PowerFailure("\(power.controller) was not done within \(power.timing.deadline.words)")
            }
            let program = HookProgram(
                arguments: [power.desk.ipmitool]
                    + ["-I", "lanplus", "-H", power.ipmi.host, "-p", "\(power.ipmi.port)", "-U", credentials.user]
                    + ["-f", "/dev/stdin", "-C", "\(cipher)", "-N", "2", "-R", "3"] + command,
                // Nothing of the server's own, which may hold secrets.
                onlyEnvironment: [
                    "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin",
                    "HOME": "/nonexistent", "LC_ALL": "C",
                ],
                input: credentials.password + "\n",
                limit: min(remaining, power.timing.command)
            )
            let result = try await power.desk.door.request(of: nil) { await program.run() }
            let said = credentials.hiding(result.output)
            let words = HookText.lastLine(of: said).map { ": \($0)" } ?? ""
            let name = "ipmitool \(command.joined(separator: " "))"
            switch result.end {
            case .exited(0): return said
            case .exited: throw failure("\(name) at \(power.controller)\(words)", said)
            case .signalled(let signal): throw PowerFailure("\(name) was ended by signal \(signal)\(words)")
            case .late:
                throw PowerFailure("\(name): no answer from \(power.controller)\(words)", isUnreachable: true)
            case .unstarted:
                throw PowerFailure("\(power.desk.ipmitool) is not installed on this host; `apt-get install ipmitool`")
            }
        }

        private func failure(_ words: String, _ said: String) -> PowerFailure {
            if said.contains("RAKP 2 HMAC is invalid") { return PowerFailure("\(words) (the password is wrong)") }
            if said.contains("unauthorized name") { return PowerFailure("\(words) (there is no such user)") }
            let isSilence = said.contains("Unable to establish") || said.contains("Error in open session")
            return PowerFailure(words, isUnreachable: isSilence)
        }
    }
}
