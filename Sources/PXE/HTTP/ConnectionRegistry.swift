import NIOCore
import Synchronization

/// The open connections, so that stopping can tell them, and wait for them.
final class ConnectionRegistry: Sendable {
    /// Tells a connection to end after what it is doing.
    struct Quiesce: Sendable {}

    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var drained: EventLoopPromise<Void>?
    }

    private let state = Mutex(State())

    /// Keeps `channel` until it closes.
    func add(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        let isStopping = state.withLock { state in
            state.channels[id] = channel
            return state.drained != nil
        }
        channel.closeFuture.whenComplete { _ in self.remove(id) }
        if isStopping { channel.pipeline.fireUserInboundEventTriggered(Quiesce()) }
    }

    private func remove(_ id: ObjectIdentifier) {
        let drained = state.withLock { state in
            state.channels[id] = nil
            return state.channels.isEmpty ? state.drained : nil
        }
        drained?.succeed()
    }

    /// Tells every connection to end when it is done; succeeds when the last has, at the latest after `grace`, when
    /// those that are left are closed.
    func quiesce(grace: TimeAmount, on eventLoop: any NIOCore.EventLoop) async {
        let drained = eventLoop.makePromise(of: Void.self)
        let channels = state.withLock { state in
            state.drained = drained
            return Array(state.channels.values)
        }
        if channels.isEmpty { drained.succeed() }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(Quiesce()) }
        let timeout = eventLoop.scheduleTask(in: grace) {
            let late = self.state.withLock { Array($0.channels.values) }
            for channel in late { channel.close(promise: nil) }
        }
        try? await drained.futureResult.get()
        timeout.cancel()
    }
}
