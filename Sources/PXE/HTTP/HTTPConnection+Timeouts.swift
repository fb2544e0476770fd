import NIOCore

/// What ends waits that last too long. One timer a connection looks again and again, instead of one being set and
/// cleared with every request.
extension HTTPConnection {
    /// How long a client may take to close its side after the last answer.
    private static let linger = TimeAmount.seconds(2)

    func armTimer(_ context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: interval) { [weak self] in
            guard let self, let context = self.context else { return }
            self.checkTime(context)
            if self.context != nil { self.armTimer(context) }
        }
    }

    /// A fourth of the shortest wait, so that none is exceeded by more than that.
    private var interval: TimeAmount {
        let shortest = min(TimeAmount(limits.idle), TimeAmount(limits.answer), TimeAmount(limits.stall), Self.linger)
        return .nanoseconds(max(shortest.nanoseconds / 4, 1_000_000))
    }

    private func checkTime(_ context: ChannelHandlerContext) {
        let waited = NIODeadline.now() - since
        switch state {
        case .waiting where waited >= TimeAmount(limits.idle):
            context.close(promise: nil)
        case .answering where waited >= TimeAmount(limits.answer):
            generation &+= 1
            send(.unavailable, answering, context)
        case .sending where waited >= TimeAmount(limits.stall):
            context.close(promise: nil)
        case .closing where waited >= Self.linger:
            context.close(promise: nil)
        case .waiting, .answering, .sending, .closing:
            break
        }
    }
}
