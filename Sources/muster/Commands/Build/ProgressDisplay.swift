import Build
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Writes a build's progress to standard error as it happens.
final class ProgressDisplay: Sendable {
    private let progress: Mutex<BuildProgress>
    private let start = ContinuousClock.now

    /// - Parameter style: nil for what standard error is.
    init(style: BuildProgress.Style? = nil) {
        progress = Mutex(BuildProgress(style: style ?? Self.standardError))
    }

    /// Events come from several threads: each is written whole before the next one is looked at.
    func take(_ event: BuildEvent) {
        progress.withLock { Terminal.write(error: $0.take(event, at: .now - start)) }
    }

    func end() {
        progress.withLock { Terminal.write(error: $0.end()) }
    }

    private static var standardError: BuildProgress.Style {
        guard isatty(STDERR_FILENO) == 1 else { return .lines }
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20, size.ws_row > 3 else {
            return .lines
        }
        return .terminal(width: Int(size.ws_col), height: Int(size.ws_row))
    }
}
