import NIOCore

/// What ends waits that last too long: `HTTPLoop` looks at every connection again and again.
extension HTTPConnection {
    /// How long a client may take to close its side after the last answer.
    static let linger = TimeAmount.seconds(2)

    func checkTime(_ now: NIODeadline) {
        guard let context else { return }
        let waited = now - since
        switch state {
        case .waiting where waited >= TimeAmount(limits.idle):
            context.close(promise: nil)
        case .answering where waited >= TimeAmount(limits.answer) + extraWait:
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
