import CInit

/// How the machine stops running.
enum PowerAction: Equatable {
    case reboot
    case powerOff
    case halt
    /// Into the kernel that somebody has loaded; a reboot when nobody has.
    case kexec
}

/// The way down: what is meant for the end, then everything is asked to end, then made to, then disks are let go.
final class Shutdown {
    private let machine: Machine
    private let supervisor: Supervisor
    private var action: PowerAction?
    private var deadline: EventLoop.Timer?

    /// In milliseconds: for all of onshutdown; for processes to end after SIGTERM; and after SIGKILL.
    private static let onshutdown: Int64 = 60_000
    private static let patience: Int64 = 5_000
    private static let lastPatience: Int64 = 2_000
    private static let poll: Int64 = 50

    init(machine: Machine, supervisor: Supervisor) {
        self.machine = machine
        self.supervisor = supervisor
    }

    /// The first order counts.
    func begin(_ action: PowerAction, reason: String) {
        guard self.action == nil else { return }
        self.action = action
        machine.isGoingDown = true
        machine.console.say("\(reason): the machine goes down")
        var isTerminating = false
        let terminate = { [self] in
            guard !isTerminating else { return }
            isTerminating = true
            machine.loop.cancel(deadline)
            sys_kill(-1, Signal.terminate)
            waitForProcesses(until: machine.loop.now + Self.patience, isLast: false)
        }
        deadline = machine.loop.after(Self.onshutdown, terminate)
        supervisor.stop(then: terminate)
    }

    private func waitForProcesses(until end: Int64, isLast: Bool) {
        guard machine.processes.reap(), machine.loop.now < end else {
            if isLast { return finish() }
            sys_kill(-1, Signal.kill)
            return waitForProcesses(until: machine.loop.now + Self.lastPatience, isLast: true)
        }
        machine.loop.after(Self.poll) { [self] in waitForProcesses(until: end, isLast: isLast) }
    }

    private func finish() {
        sys_sync()
        unmountAll()
        sys_sync()
        machine.watchdog?.stop()
        switch action {
        case .powerOff: sys_reboot(Int32(SYS_POWEROFF))
        case .halt: sys_reboot(Int32(SYS_HALT))
        case .kexec where FileSystem.line("/sys/kernel/kexec_loaded") == "1": sys_reboot(Int32(SYS_KEXEC))
        default: break
        }
        let result = sys_reboot(Int32(SYS_RESTART))
        machine.console.say(InitError("start the machine again", code: Int(result)).message)
    }

    /// Everything but what the kernel itself is behind, newest first.
    private func unmountAll() {
        let lines = ((try? FileSystem.read("/proc/mounts")) ?? []).lines
        for line in lines.reversed() {
            let words = line.words.map { String($0) }
            guard words.count > 2, words[1] != "/" else { continue }
            let isKernel = ["/proc", "/sys", "/dev"].contains { words[1] == $0 || words[1].hasBytes(prefix: $0 + "/") }
            if !isKernel { sys_unmount(words[1], false) }
        }
    }
}
