import Rollout
import Vocabulary

/// What machines do.
extension World {
    /// What is about to happen to a machine happens only while nothing has cut it off.
    private func later(_ place: Int, _ delay: Int64, _ action: @escaping (World) -> Void) {
        let life = machines[place].life
        after(delay) { world in
            if world.machines[place].life == life { action(world) }
        }
    }

    /// It begins at its firmware, whatever it was doing.
    func restart(_ place: Int) {
        machines[place].life += 1
        machines[place].running = nil
        guard machines[place].hasPower else { return }
        let range = scenario.bootSeconds[machines[place].model] ?? 20...30
        later(place, random.seconds(range)) { $0.askForScript(place) }
        missHeartbeats(place)
    }

    func losePower(_ place: Int) {
        machines[place].hasPower = false
        machines[place].life += 1
        machines[place].running = nil
        missHeartbeats(place)
    }

    func regainPower(_ place: Int) {
        guard !machines[place].hasPower else { return }
        machines[place].hasPower = true
        restart(place)
    }

    /// A machine that says nothing for a while counts as not heard of.
    private func missHeartbeats(_ place: Int) {
        let boot = ledger[place].open?.id
        later(place, 150_000) { world in
            guard world.ledger[place].open?.id == boot, world.machines[place].isHeard else { return }
            world.machines[place].isHeard = false
            world.write(place) { _ in }
        }
    }

    private func askForScript(_ place: Int) {
        guard planeIsUp else { return later(place, 30_000) { $0.askForScript(place) } }
        var begun: OpenBoot?
        let id = newBootID()
        machines[place].isHeard = true
        write(place) { entry in
            _ = rules.discovered(&entry.state, open: &entry.open, now: wall)
            let decision = rules.scriptRequested(
                &entry.state,
                open: &entry.open,
                adopt: .roll,
                now: wall,
                makeID: { id }
            )
            switch decision {
            case .join(let boot), .begin(let boot, _): begun = boot
            case .wait: begun = nil
            }
        }
        guard let begun else { return later(place, 30_000) { $0.askForScript(place) } }
        tell("\(machines[place].name) boots \(begun.image.short)")
        checker.booted(self, place, begun.image)
        if isFaulty(scenario.faults.kernelMissing) {
            count("kernel never came")
            // The firmware gives up after a while and begins again, for some time in vain.
            return later(place, random.seconds(60...1200)) { $0.askForScript(place) }
        }
        later(place, random.seconds(5...20)) { $0.fetch(place, begun) }
    }

    private func fetch(_ place: Int, _ boot: OpenBoot) {
        guard planeIsUp else { return later(place, 20_000) { $0.askForScript(place) } }
        write(place) { entry in
            guard var open = entry.open, open.id == boot.id else { return }
            _ = rules.fetchedWhole(&entry.state, open: &open, now: wall)
            entry.open = open
        }
        machines[place].running = boot.image
        machines[place].isMute = isFaulty(scenario.faults.mute)
        if machines[place].isMute { count("mute boot") }
        switch images[boot.image]?.behaviour(on: machines[place].model) ?? .good {
        case .good: comeUp(place, boot)
        case .crashes: later(place, random.seconds(30...60)) { $0.restart(place) }
        case .hangs: break
        case .saysFailed: later(place, random.seconds(10...30)) { $0.send(.failed, place, boot) }
        case .turnsBad(let seconds):
            comeUp(place, boot)
            later(place, Int64(seconds + 30) * 1000) { $0.send(.failed, place, boot) }
        case .restarts(let seconds):
            comeUp(place, boot)
            later(place, Int64(seconds + 30) * 1000) { $0.restart(place) }
        }
    }

    private func comeUp(_ place: Int, _ boot: OpenBoot) {
        later(place, random.seconds(10...30)) { $0.send(.healthy, place, boot) }
    }

    enum Report { case healthy, failed }

    /// Reports are repeated until the server has said that it has them; some are lost, late or come twice.
    private func send(_ report: Report, _ place: Int, _ boot: OpenBoot) {
        guard !machines[place].isMute || isCalm else { return later(place, 60_000) { $0.send(report, place, boot) } }
        if isFaulty(scenario.faults.reportLost) {
            count("report lost")
            return later(place, 60_000) { $0.send(report, place, boot) }
        }
        if isFaulty(scenario.faults.reportTwice) {
            count("report twice")
            // The copy travels alone: whatever becomes of the machine, it arrives.
            after(random.seconds(1...600)) { $0.deliver(report, place, boot) }
        }
        guard isFaulty(scenario.faults.reportLate) else { return deliver(report, place, boot, mayRepeat: true) }
        count("report late")
        after(random.seconds(10...900)) { $0.deliver(report, place, boot) }
        later(place, 900_000) { $0.send(report, place, boot) }
    }

    private func deliver(_ report: Report, _ place: Int, _ boot: OpenBoot, mayRepeat: Bool = false) {
        guard planeIsUp else {
            if mayRepeat { later(place, 30_000) { $0.send(report, place, boot) } }
            return
        }
        guard ledger[place].open?.id == boot.id else {
            count("report of a closed boot")
            return
        }
        machines[place].isHeard = true
        write(place) { entry in
            switch report {
            case .healthy:
                guard var open = entry.open, open.ailment == nil else { return }
                _ = rules.reportedHealthy(&entry.state, open: &open, decides: true, now: wall)
                entry.open = open
            case .failed:
                _ = rules.reportedFailed(&entry.state, open: &entry.open, reason: "its checks fail", now: wall)
            }
        }
    }

    /// Cut off from us for a while, and well.
    func isolate(_ place: Int) {
        guard ledger[place].open?.healthy != nil, machines[place].hasPower else { return }
        count("cut off while healthy")
        machines[place].isHeard = false
        write(place) { _ in }
        later(place, random.seconds(60...1800)) { world in
            world.machines[place].isHeard = true
            world.write(place) { _ in }
        }
    }

    /// Faults end when the world is calm.
    func isFaulty(_ perMille: Int) -> Bool { perMille > 0 && !isCalm && random.chance(perMille) }
}
