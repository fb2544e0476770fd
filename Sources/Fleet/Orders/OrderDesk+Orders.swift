import Vocabulary

/// What a machine can be told to do by itself. Starting another kernel without a reset is no power action: it leaves
/// firmware and cards as they are.
enum MachineOrder: String, Hashable, Sendable { case reboot, poweroff }

extension OrderDesk {
    /// An order from the moment it is given until it has been told long enough. Times are of `Moment.uptime`.
    struct GivenOrder: Sendable {
        let kind: MachineOrder
        let number: Int
        let given: Duration
        /// When it was last told to the machine.
        var told: Duration?
        /// Waits until it is told; nil after that.
        var waiter: CheckedContinuation<Bool, Never>?
    }

    /// For how long an order is told again to a machine that goes on asking: the answer that told it may have been
    /// lost. A machine does what it is told under one number once.
    static let repeating = Duration.seconds(60)

    /// Tells the system of a boot to do something.
    ///
    /// - Returns: true when it was told; false when it did not ask within `patience`, or was given another order
    ///   meanwhile: then it will not hear of this one.
    func give(_ kind: MachineOrder, to boot: BootID, now: Duration) async -> Bool {
        let number = contents.withLock { contents in
            contents.lastNumber += 1
            return contents.lastNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                place(GivenOrder(kind: kind, number: number, given: now, waiter: waiter), of: boot, now: now)
            }
        } onCancel: {
            withdraw(number, from: boot)
        }
    }

    private func place(_ order: GivenOrder, of boot: BootID, now: Duration) {
        let isCancelled = Task.isCancelled
        let (older, told) = contents.withLock { contents -> (GivenOrder?, (Reply, News)?) in
            if isCancelled { return (order, nil) }
            let older = contents.given.updateValue(order, forKey: boot)
            guard let poll = contents.polls.removeValue(forKey: boot), let news = contents.news(for: boot, now: now)
            else { return (older, nil) }
            return (older, (poll.reply, news))
        }
        older?.waiter?.resume(returning: false)
        guard let (reply, news) = told else { return }
        reply(.state(news.bytes))
        news.effect?()
    }

    /// Nobody waits for it any more; a machine that was told does it all the same.
    private func withdraw(_ number: Int, from boot: BootID) {
        let waiter = contents.withLock { contents -> CheckedContinuation<Bool, Never>? in
            guard let order = contents.given[boot], order.number == number, order.told == nil else { return nil }
            return contents.given.removeValue(forKey: boot)?.waiter
        }
        waiter?.resume(returning: false)
    }
}

extension OrderDesk.Contents {
    /// The order that a machine is to be told now.
    mutating func order(
        for boot: BootID,
        now: Duration
    ) -> (kind: MachineOrder, number: Int, told: (@Sendable () -> Void)?)? {
        guard var order = given[boot], order.told.map({ now - $0 >= OrderDesk.retelling }) ?? true else { return nil }
        let waiter = order.waiter
        order.told = now
        order.waiter = nil
        given[boot] = order
        guard let waiter else { return (order.kind, order.number, nil) }
        return (order.kind, order.number, { waiter.resume(returning: true) })
    }

    /// Forgets orders that nobody asked for in time, and those that were told long enough.
    ///
    /// - Returns: what is to be done when the lock is free.
    mutating func expireOrders(now: Duration) -> [@Sendable () -> Void] {
        var effects: [@Sendable () -> Void] = []
        for (boot, order) in given {
            let limit = order.told == nil ? OrderDesk.patience : OrderDesk.repeating
            guard now - order.given >= limit else { continue }
            given[boot] = nil
            if let waiter = order.waiter { effects.append { waiter.resume(returning: false) } }
        }
        return effects
    }
}
