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
        Terminal.window(of: STDERR_FILENO).map { .terminal(width: $0.width, height: $0.height) } ?? .lines
    }
}
