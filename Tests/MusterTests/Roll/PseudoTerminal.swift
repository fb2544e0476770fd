import Foundation
import Synchronization
import Testing

@testable import muster

#if canImport(Glibc)
import Glibc
#endif

/// A terminal with a program on it, which has it as its input, its output and its controlling terminal: Ctrl-C is a signal.
///
/// Killed with its owner. When these tests are killed the terminal is gone with them, and the program gets SIGHUP.
/// Thread-safe: a thread of its own reads and waits, so that nobody else has to.
final class PseudoTerminal: Sendable {
    enum End: Hashable, Sendable {
        case exited(Int32)
        case killed(by: Int32)
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private struct State: Sendable {
        var screen: TerminalScreen
        var written: [UInt8] = []
        var end: End?
    }

    /// What the owner and the thread share; whoever is the last to go closes the terminal.
    private final class Line: Sendable {
        let descriptor: CInt
        let state: Mutex<State>

        init(_ window: Terminal.Window) throws {
            descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
            guard descriptor >= 0 else { throw Failure(description: "cannot open a terminal: errno \(errno)") }
            state = Mutex(State(screen: TerminalScreen(width: window.width, height: window.height)))
        }

        deinit { close(descriptor) }
    }

    /// How it was set before the program began.
    let settingsBefore: [UInt8]
    private let line: Line
    private let child: pid_t

    /// Starts a program on a new terminal.
    init(window: Terminal.Window, _ program: String, _ arguments: [String]) throws {
        line = try Line(window)
        settingsBefore = Self.settings(of: line.descriptor)
        guard !settingsBefore.isEmpty else { throw Failure(description: "cannot read how a terminal is set") }
        child = try Self.start(program, arguments, on: line.descriptor, window)
        Thread.detachNewThread { [line, child] in Self.read(line, until: child) }
    }

    deinit {
        line.state.withLock { state in
            // It leads a session: whoever it started is of its group. Its number is its own until it has been waited for.
            if state.end == nil { kill(-child, SIGKILL) }
        }
    }

    var screen: TerminalScreen { line.state.withLock { $0.screen } }

    /// Every byte so far, as the terminal got it: a newline is a carriage return and a line feed.
    var written: String { line.state.withLock { String(decoding: $0.written, as: UTF8.self) } }

    /// How it ended; nil while it runs, or something of what it wrote was not read.
    var end: End? { line.state.withLock { $0.end } }

    /// As if somebody pressed keys.
    func type(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard write(line.descriptor, bytes, bytes.count) == bytes.count else {
            throw Failure(description: "cannot write to the terminal: errno \(errno)")
        }
    }

    /// How the terminal is set: echo, line mode, which keys are signals …
    var settings: [UInt8] { Self.settings(of: line.descriptor) }

    private static func settings(of terminal: CInt) -> [UInt8] {
        var settings = termios()
        guard tcgetattr(terminal, &settings) == 0 else { return [] }
        return withUnsafeBytes(of: settings) { Array($0) }
    }

    // MARK: The program

    /// `TIOCGPTN`, `TIOCSPTLCK` and `POSIX_SPAWN_SETSID`: macros that Swift does not see.
    private enum Constant {
        static let terminalNumber: UInt = 0x8004_5430
        static let lockTerminal: UInt = 0x4004_5431
        static let setSession: Int32 = 0x80
    }

    private static func start(
        _ program: String,
        _ arguments: [String],
        on terminal: CInt,
        _ window: Terminal.Window
    ) throws -> pid_t {
        func check(_ what: String, _ result: CInt) throws {
            guard result == 0 else { throw Failure(description: "\(what): errno \(result < 0 ? errno : result)") }
        }
        var (number, isLocked): (CUnsignedInt, CInt) = (0, 0)
        try check("TIOCGPTN", ioctl(terminal, Constant.terminalNumber, &number))
        try check("TIOCSPTLCK", ioctl(terminal, Constant.lockTerminal, &isLocked))
        var size = winsize()
        (size.ws_col, size.ws_row) = (UInt16(window.width), UInt16(window.height))
        try check("TIOCSWINSZ", ioctl(terminal, UInt(TIOCSWINSZ), &size))

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // The first terminal that the leader of a session opens is the one that controls it.
        try check("open", posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/pts/\(number)", O_RDWR, 0))
        try check("dup", posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO))
        try check("dup", posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO))
        // What is closed already is no error.
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            guard let descriptor = CInt(name), descriptor > STDERR_FILENO else { continue }
            try check("close", posix_spawn_file_actions_addclose(&actions, descriptor))
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Who runs these tests may have blocked signals, or ignore them.
        var signals = sigset_t()
        sigemptyset(&signals)
        try check("mask", posix_spawnattr_setsigmask(&attributes, &signals))
        sigfillset(&signals)
        try check("defaults", posix_spawnattr_setsigdefault(&attributes, &signals))
        let flags = Constant.setSession | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        try check("flags", posix_spawnattr_setflags(&attributes, Int16(flags)))

        let words = ([program] + arguments).map { strdup($0) } + [nil]
        let environment = [strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), strdup("TERM=xterm"), nil]
        defer { for word in words + environment { free(word) } }
        var child = pid_t()
        try check(program, posix_spawn(&child, program, &actions, &attributes, words, environment))
        return child
    }

    /// Until nobody has the terminal any more, and then until the program has ended.
    private static func read(_ line: Line, until child: pid_t) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(line.descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            // EIO: whoever had it has closed it.
            guard count > 0 else { break }
            line.state.withLock { [bytes = buffer.prefix(count)] state in
                state.written += bytes
                state.screen.write(bytes)
            }
        }
        var information = siginfo_t()
        while waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        line.state.withLock { state in
            var status: CInt = 0
            waitpid(child, &status, 0)
            let signal = status & 0x7f
            state.end = signal == 0 ? .exited(status >> 8 & 0xff) : .killed(by: signal)
        }
    }
}
