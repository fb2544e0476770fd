import Vocabulary

extension FleetService {
    /// Looks, for as long as it runs, which boots have settled and which machines are to be asked.
    func keepHealth() async {
        let prober = HealthProber()
        await repeatedly(every: .seconds(1)) { await checkHealth(prober, now: .now()) }
        await prober.shutdown()
    }

    /// One look. Probes run beside each other; the next look waits for them, a few seconds at most.
    func checkHealth(_ prober: HealthProber, now: Moment) async {
        let probes = authority.book.healthDue(now)
        await withDiscardingTaskGroup { group in
            for probe in probes {
                group.addTask { await self.ask(probe, by: prober, now: now) }
            }
        }
    }

    private func ask(_ probe: HealthProbe, by prober: HealthProber, now: Moment) async {
        let machine = snapshot.read { $0.machine(named: probe.machine) }
        let cards = [probe.mac] + (machine?.macs ?? [])
        let address =
            cards.lazy.compactMap { self.authority.addresses.address(of: $0) }.first
            ?? machine?.nics.lazy.compactMap(\.address).first
        let complaint = if let address { await prober.complaint(probe.check, at: address) } else { "it has no address" }
        if let complaint {
            authority.book.askAgain(probe.boot, after: HealthProber.interval, because: complaint, now: now)
        } else {
            authority.book.healthy(probe.boot, now: now)
        }
    }
}
