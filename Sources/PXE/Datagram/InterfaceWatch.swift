import CLinuxNet
import Glibc

/// Says when links or IPv4 addresses of the host change, so that servers bind again. Belongs to one loop's thread.
public final class InterfaceWatch {
    /// A new link makes a handful of reports within milliseconds; they are answered once.
    private static let settling = Duration.milliseconds(100)

    private let descriptor: CInt
    private let loop: EventLoop
    private var watch: EventLoop.Watch?
    private var isSettling = false

    /// - Parameter changed: called on the loop's thread, a moment after the last of a flurry of changes began.
    public init(on loop: EventLoop, changed: @escaping () -> Void) throws(SystemError) {
        self.loop = loop
        descriptor = muster_interface_watch()
        guard descriptor >= 0 else { throw SystemError("watch", "network interfaces") }
        watch = try loop.watch(descriptor) { [weak self] _ in self?.drain(changed) }
    }

    deinit {
        if let watch { loop.cancel(watch) }
        close(descriptor)
    }

    private func drain(_ changed: @escaping () -> Void) {
        guard muster_interface_drain(descriptor) == 1, !isSettling else { return }
        isSettling = true
        loop.schedule(after: Self.settling) { [weak self] in
            self?.isSettling = false
            changed()
        }
    }
}
