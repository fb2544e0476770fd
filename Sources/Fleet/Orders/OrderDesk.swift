import Inventory
import PXE
import Synchronization
import Vocabulary

/// What machines are told when they ask for orders, and who waits for what they show. Only in memory: after a restart,
/// whoever waited asks again.
///
/// Thread-safe: one mutex, held for about a microsecond a call. A machine that waits for an order costs an entry here and
/// a connection of the boot plane.
final class OrderDesk: Sendable {
    typealias Reply = @Sendable (MachineCallAnswer) -> Void

    /// A machine that waits for an order.
    struct Poll {
        var serial: Int
        var reply: Reply
    }

    struct PollTime: Sendable {
        var boot: BootID
        var serial: Int
    }

    /// A question about logs, from its begin to its answer's end. Times are of `Moment.uptime`.
    struct Asked {
        let boot: BootID
        let machine: String
        let question: LogQuestion
        /// When it was told to the machine.
        var told: Duration?
        /// When the machine said something, or when it was asked.
        var heard: Duration
        /// The number of the part that is to come.
        var next = 0
        /// Waits for the first part; nil after it.
        var begun: CheckedContinuation<Void, any Error>?
        let lines: AsyncThrowingStream<[UInt8], any Error>.Continuation
    }

    /// What a machine is told.
    struct News {
        var bytes: [UInt8]
        /// To be done once it was said.
        var effect: (@Sendable () -> Void)?
    }

    struct Contents {
        var polls: [BootID: Poll] = [:]
        var pollTimes = DeadlineQueue<PollTime>()
        var serial = 0
        var asked: [Int: Asked] = [:]
        /// What machines are to do, by their boots.
        var given: [BootID: GivenOrder] = [:]
        var lastNumber: Int
    }

    let contents: Mutex<Contents>

    /// Questions about logs at once: of the whole fleet, and of one machine.
    static let mostQuestions = 256
    static let mostOfOne = 8
    /// For a machine's first part, and then for the next one.
    static let patience = Duration.seconds(15)
    static let silence = Duration.seconds(30)
    /// After it, a question that brought nothing is told again: the answer that told it may have been lost.
    static let retelling = Duration.seconds(3)
    /// Parts that wait for whoever asked; then the machine waits.
    private static let mostParts = 32
    private static let noOrder = Array(#"{"order":"none","id":0}"#.utf8) + [UInt8(ascii: "\n")]

    /// - Parameter first: the number before the first question's. Machines take higher numbers for new questions, so
    ///   that it grows from one start of the server to the next.
    init(after first: Int = Int(Moment.now().wall.milliseconds)) {
        contents = Mutex(Contents(lastNumber: first))
    }

    // MARK: What machines ask

    /// A machine asks for an order.
    func poll(_ boot: BootID, wait: Duration, now: Duration, reply: @escaping Reply) {
        let (answer, older) = contents.withLock { contents -> (News?, Poll?) in
            if let news = contents.news(for: boot, now: now) { return (news, nil) }
            guard wait > .zero else { return (News(bytes: Self.noOrder), nil) }
            contents.serial += 1
            contents.pollTimes.insert(PollTime(boot: boot, serial: contents.serial), due: now + wait)
            let older = contents.polls.updateValue(Poll(serial: contents.serial, reply: reply), forKey: boot)
            return (nil, older)
        }
        older?.reply(.state(Self.noOrder))
        guard let answer else { return }
        reply(.state(answer.bytes))
        answer.effect?()
    }

    /// A machine shows a part of a log.
    func take(_ call: MachineCall, now: Duration) -> MachineCallAnswer {
        guard let part = call.part else {
            return .malformed("expected the query request=n&part=k&outcome=more|end|unknown")
        }
        let (answer, effect) = contents.withLock { contents in contents.take(part, call, now: now) }
        effect?()
        return answer
    }

    /// What waited too long is answered.
    func expire(now: Duration) {
        var late: [Reply] = []
        var effects: [@Sendable () -> Void] = []
        contents.withLock { contents in
            while let due = contents.pollTimes.popDue(now) {
                guard contents.polls[due.boot]?.serial == due.serial else { continue }
                if let poll = contents.polls.removeValue(forKey: due.boot) { late.append(poll.reply) }
            }
            for (number, asked) in contents.asked {
                let limit = asked.begun == nil ? Self.silence : Self.patience
                guard now - asked.heard >= limit else { continue }
                contents.asked[number] = nil
                let words = asked.begun == nil ? "does not answer any more" : "did not answer"
                effects.append(asked.failing("\(asked.machine) \(words) (\(limit.components.seconds) s)"))
            }
            effects += contents.expireOrders(now: now)
        }
        for reply in late { reply(.state(Self.noOrder)) }
        for effect in effects { effect() }
    }

    /// Machines that wait for an order.
    var waiting: Int { contents.withLock { $0.polls.count } }
    /// Questions about logs that are open.
    var questions: Int { contents.withLock { $0.asked.count } }

    // MARK: What people ask

    /// Asks a machine for its logs.
    ///
    /// - Returns: its lines, once the first part is there. Who lets go of them ends the question.
    /// - Throws: `FleetError` when there are too many questions, no such container, or no answer; `CancellationError`.
    func ask(_ question: LogQuestion, of machine: String, in boot: BootID, now: Duration) async throws -> LogLines {
        let (stream, lines) = AsyncThrowingStream.makeStream(
            of: [UInt8].self,
            bufferingPolicy: .bufferingOldest(Self.mostParts)
        )
        let number = contents.withLock { contents in
            contents.lastNumber += 1
            return contents.lastNumber
        }
        lines.onTermination = { [weak self] _ in self?.drop(number) }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { begun in
                let asked = Asked(
                    boot: boot,
                    machine: machine,
                    question: question,
                    heard: now,
                    begun: begun,
                    lines: lines
                )
                begin(asked, number, now: now)
            }
        } onCancel: {
            drop(number)
        }
        return stream
    }

    private func begin(_ asked: Asked, _ number: Int, now: Duration) {
        enum Outcome {
            case cancelled, tooMany, waits
            case told(Reply, News)
        }
        let isCancelled = Task.isCancelled
        let outcome = contents.withLock { contents -> Outcome in
            if isCancelled { return .cancelled }
            guard contents.asked.count < Self.mostQuestions,
                contents.asked.values.count(where: { $0.boot == asked.boot }) < Self.mostOfOne
            else { return .tooMany }
            contents.asked[number] = asked
            guard let poll = contents.polls.removeValue(forKey: asked.boot),
                let news = contents.news(for: asked.boot, now: now)
            else { return .waits }
            return .told(poll.reply, news)
        }
        switch outcome {
        case .cancelled: asked.begun?.resume(throwing: CancellationError())
        case .tooMany: asked.failing("too many people read logs of \(asked.machine) or of the fleet: try again later")()
        case .waits: break
        case .told(let reply, let news):
            reply(.state(news.bytes))
            news.effect?()
        }
    }

    /// Nobody wants the answer any more: the machine hears so with its next part.
    private func drop(_ number: Int) {
        let begun = contents.withLock { contents in contents.asked.removeValue(forKey: number)?.begun }
        begun?.resume(throwing: CancellationError())
    }
}

extension OrderDesk.Contents {
    typealias News = OrderDesk.News

    /// What a machine is to be told now; nil when there is nothing.
    mutating func news(for boot: BootID, now: Duration) -> News? {
        let order = order(for: boot, now: now)
        var requests: [String] = []
        for (number, question) in asked.sorted(by: { $0.key < $1.key }) where question.boot == boot {
            guard question.begun != nil, question.told.map({ now - $0 >= OrderDesk.retelling }) ?? true else {
                continue
            }
            asked[number]?.told = now
            requests.append(question.question.json(number))
        }
        guard order != nil || !requests.isEmpty else { return nil }
        let head = #""order":"\#(order?.kind.rawValue ?? "none")","id":\#(order?.number ?? 0)"#
        let logs = requests.isEmpty ? "" : #","logs":[\#(requests.joined(separator: ","))]"#
        return News(bytes: Array("{\(head)\(logs)}\n".utf8), effect: order?.told)
    }

    /// - Returns: the answer, and what is to be done when the lock is free.
    fileprivate mutating func take(
        _ part: LogPart,
        _ call: MachineCall,
        now: Duration
    ) -> (MachineCallAnswer, (@Sendable () -> Void)?) {
        guard var question = asked[part.request], question.boot == call.boot else { return (.unwanted, nil) }
        // It was taken, and the answer that said so was lost.
        guard part.number >= question.next else { return (.done, nil) }
        guard part.number == question.next else { return (.malformed("expected part \(question.next)"), nil) }
        question.heard = now
        asked[part.request] = question
        if part.outcome == .unknown {
            asked[part.request] = nil
            return (.done, question.failing(question.unknownContainer(call.body), .notFound))
        }
        if !call.body.isEmpty {
            switch question.lines.yield(call.body) {
            case .enqueued: break
            case .terminated:
                asked[part.request] = nil
                return (.unwanted, nil)
            default: return (.later(seconds: 1), nil)
            }
        }
        let begun = question.begun
        question.begun = nil
        question.next += 1
        asked[part.request] = part.outcome == .end ? nil : question
        let lines = question.lines
        return (
            .done,
            {
                begun?.resume()
                if part.outcome == .end { lines.finish() }
            }
        )
    }
}

extension OrderDesk.Asked {
    /// Says to whoever asked why there is no answer.
    fileprivate func failing(_ reason: String, _ code: FleetError.Code = .unavailable) -> @Sendable () -> Void {
        let error = FleetError(code, reason)
        return { [begun, lines] in
            if let begun { begun.resume(throwing: error) } else { lines.finish(throwing: error) }
        }
    }

    fileprivate func unknownContainer(_ body: [UInt8]) -> String {
        let names = String(decoding: body, as: UTF8.self).split(separator: "\n").joined(separator: ", ")
        return "\(machine) has no container '\(question.container ?? "")'; it has \(names)"
    }
}

extension LogQuestion {
    /// As machines read it.
    fileprivate func json(_ number: Int) -> String {
        var members = [#""request":\#(number)"#]
        if let container { members.append(#""container":\#(JSONValue.string(container).json)"#) }
        if follows { members.append(#""follow":true"#) }
        if let lines { members.append(#""lines":\#(lines)"#) }
        return "{\(members.joined(separator: ","))}"
    }
}
