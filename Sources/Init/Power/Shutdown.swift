import CInit

/// How the machine stops running.
enum PowerAction: Equatable {
    case reboot
    case powerOff
    case halt
    /// Into the kernel that was loaded; a reboot when that was taken away again.
    case kexec
}

/// The way down: what is meant for the end, then everything is asked to end, then made to, then disks are let go.
final class Shutdown {
    private let machine: Machine
    private let supervisor: Supervisor
    private var action: PowerAction?
    private var life: ShutdownLife
    private var areTasksDone = false

    /// In milliseconds.
    private static let poll: Int64 = 50

    init(machine: Machine, supervisor: Supervisor) {
        self.machine = machine
        self.supervisor = supervisor
        life = ShutdownLife(now: 0)
    }

    /// The first order counts.
    func begin(_ action: PowerAction, reason: String) {
        guard self.action == nil else { return }
        self.action = action
        machine.isGoingDown = true
        machine.console.say("\(reason): the machine goes down")
        life = ShutdownLife(now: machine.loop.now)
        supervisor.stop { [self] in
            areTasksDone = true
            proceed()
        }
        look()
    }

    private func look() {
        proceed()
        machine.loop.after(Self.poll) { [self] in look() }
    }

    private func proceed() {
        let hasProcesses = machine.processes.reap()
        switch life.next(at: machine.loop.now, areTasksDone: areTasksDone, hasProcesses: hasProcesses) {
        case .terminate: sys_kill(-1, Signal.terminate)
        case .kill: sys_kill(-1, Signal.kill)
        case .finish: finish()
        case nil: break
        }
    }

    private func finish() {
        sys_sync()
        let mounts = (try? FileSystem.read("/proc/mounts")) ?? []
        for target in Self.disks(mounts) { sys_unmount(target, false) }
        sys_sync()
        machine.watchdog?.stop()
        switch action {
        case .powerOff: sys_reboot(Int32(SYS_POWEROFF))
        case .halt: sys_reboot(Int32(SYS_HALT))
        case .kexec where NextKernel.isLoaded: sys_reboot(Int32(SYS_KEXEC))
        default: break
        }
        let result = sys_reboot(Int32(SYS_RESTART))
        machine.console.say(InitError("start the machine again", code: Int(result)).message)
    }

    /// Where everything is mounted but what the kernel itself is behind, newest first.
    /// - Parameter mounts: `/proc/mounts`.
    static func disks(_ mounts: [UInt8]) -> [String] {
        mounts.lines.reversed().compactMap { line in
            let words = line.words
            guard words.count > 2 else { return nil }
            let target = String(unescaped(words[1]))
            let isKernel = ["/proc", "/sys", "/dev"].contains { target == $0 || target.hasBytes(prefix: $0 + "/") }
            return target == "/" || isKernel ? nil : target
        }
    }

    /// Blanks, tabs, newlines and backslashes stand there as three octal digits (getmntent(3)).
    private static func unescaped(_ text: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy({ (0x30...0x37).contains($0) })
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(digits.reduce(0) { $0 << 3 | ($1 & 7) })
            rest = rest.dropFirst(3)
        }
        return bytes
    }
}
