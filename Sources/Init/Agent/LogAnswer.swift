import CInit

/// Answers one question about logs, part after part, until all is said or nobody wants more:
/// `POST /boots/<id>/logs?request=n&part=k&outcome=…`, the lines as they are in the body.
final class LogAnswer {
    /// What a part is, beside its lines.
    private enum Outcome: String {
        /// Another part follows.
        case more
        /// The last one.
        case end
        /// There is no such container: the body names those there are, a line each.
        case unknown
    }

    private struct Part {
        var number = 0
        var outcome: Outcome
        var body: [UInt8]
    }

    private let machine: Machine
    private let base: String
    private let token: String
    private let request: OrderLife.LogRequest
    private let sources: [LogSource]
    private var reading: LogReading
    private var part: Part
    /// When the server took the last part.
    private var heard: Int64
    private let ended: () -> Void

    /// In bytes: what the boot plane takes at once, with room to spare.
    private static let longestPart = 12 << 10
    /// In milliseconds: between looks at a log that is followed; until a part without lines asks whether anybody still
    /// follows; for one part; and how long a server may be away.
    private static let look: Int64 = 250
    private static let silence: Int64 = 5_000
    private static let patience: Int64 = 10_000
    private static let longestAbsence: Int64 = 60_000
    private static let retryPause: Int64 = 1_000

    /// - Parameters:
    ///   - base: `http://A:P/boots/<id>`.
    ///   - all: the logs that there are.
    ///   - ended: called once.
    init(
        _ request: OrderLife.LogRequest,
        of all: [LogSource],
        machine: Machine,
        base: String,
        token: String,
        ended: @escaping () -> Void
    ) {
        self.machine = machine
        self.base = base
        self.token = token
        self.request = request
        self.ended = ended
        sources = LogSource.chosen(request.container, of: all)
        let logs = sources.map { $0.log() }
        let labels = LogSource.labels(sources)
        reading = LogReading(logs, labels: labels, lines: request.lines, follows: request.isFollowed)
        heard = machine.loop.now
        if sources.isEmpty {
            let names = LogSource.labels(all).map { "\($0)\n" }.joined()
            part = Part(outcome: .unknown, body: Array(names.utf8.prefix(Self.longestPart)))
        } else {
            part = Part(outcome: .more, body: [])
            fill()
        }
        send()
    }

    /// Puts the next lines into the part.
    private func fill() {
        part.body = reading.next(sources.map { $0.log() }, limit: Self.longestPart)
        part.outcome = reading.isOver ? .end : .more
    }

    private func send() {
        let query = "request=\(request.number)&part=\(part.number)&outcome=\(part.outcome.rawValue)"
        guard let address = try? HTTPAddress("\(base)/logs?\(query)") else { return ended() }
        let message = HTTPRequest(method: "POST", address: address, token: token, body: part.body, type: "text/plain")
        HTTPExchange.start(message, with: address.socket, timeout: Self.patience, loop: machine.loop) { [self] in
            guard case .answered(let response) = $0, response.status < 500, response.status != 429 else {
                return retry()
            }
            taken(response)
        }
    }

    private func retry() {
        guard machine.loop.now - heard < Self.longestAbsence else { return ended() }
        machine.loop.after(Self.retryPause) { [self] in send() }
    }

    private func taken(_ response: HTTPResponse) {
        // Anything but success: whoever asked is gone, or the boot is over.
        guard 200..<300 ~= response.status, part.outcome == .more else { return ended() }
        heard = machine.loop.now
        part.number += 1
        proceed()
    }

    private func proceed() {
        fill()
        guard part.body.isEmpty, part.outcome == .more, machine.loop.now - heard < Self.silence else { return send() }
        machine.loop.after(Self.look) { [self] in proceed() }
    }
}
