import Control
import Foundation
import Rollout
import Testing
import Vocabulary

@testable import Fleet
@testable import muster

/// Machines do one thing at a time, and what stands on the page after each is known to the last figure.
@Suite("What /metrics says of rolls", .serialized)
struct RollMetricsTests {
    @Test("A roll's machines, its state, its turns and its budget, step by step until it is done and no sample is left")
    func done() async throws {
        try await RollingFleet.with { fleet in
            let (old, new) = try await fleet.ready(machines: 4)
            var page = RollPage(images: [old: 4])
            try await fleet.shows(page, "before the roll")
            let idle = try await fleet.decisions()

            try await fleet.begin { $0.maxUnavailable = .count(2) }
            page.roll = .init(id: 1, phases: [.granted: 1, .waiting: 3], unavailable: 1, budget: 2, grants: 1)
            try await fleet.shows(page, "the canary has its turn")
            try await fleet.eventually("deciding is counted") { try await fleet.decisions() > idle }

            // A machine that nobody touched takes a place all the same.
            try await fleet.boot(4)
            page.roll?.unavailable = 2
            try await fleet.shows(page, "n4 crashed")
            try fleet.becomeHealthy(4)
            page.roll?.unavailable = 1
            try await fleet.shows(page, "n4 is back")

            try await fleet.boot(1)
            page.roll?.phases = [.rebooting: 1, .waiting: 3]
            page.images = [old: 3, new: 1]
            try await fleet.shows(page, "the canary runs the new image, and is not healthy yet")
            let _: RolloutView = try await fleet.client.post("/v1/rollouts/1/pause")
            page.roll?.state = "paused"
            try await fleet.shows(page, "the roll is paused")
            try fleet.becomeHealthy(1)
            page.roll?.phases = [.done: 1, .waiting: 3]
            page.roll?.unavailable = 0
            try await fleet.shows(page, "the canary is done, and nobody else has a turn")

            let _: RolloutView = try await fleet.client.post("/v1/rollouts/1/resume")
            page.roll?.state = "running"
            page.roll?.phases = [.done: 1, .granted: 2, .waiting: 1]
            page.roll?.unavailable = 2
            page.roll?.grants = 3
            try await fleet.shows(page, "two have their turn, as many as may")

            let request = FreezeRequest(reason: "the cooling is broken")
            let _: FreezeView = try await fleet.client.post("/v1/freeze", request)
            page.isFrozen = true
            try await fleet.shows(page, "the fleet is frozen, and the roll is as it was")
            try await fleet.boot(2)
            try fleet.becomeHealthy(2)
            page.roll?.phases = [.done: 2, .granted: 1, .waiting: 1]
            page.roll?.unavailable = 1
            page.images = [old: 2, new: 2]
            try await fleet.shows(page, "who had his turn is done, and nobody has another")
            let _: FreezeView = try await fleet.client.delete("/v1/freeze")
            page.isFrozen = false
            page.roll = .init(id: 1, phases: [.done: 2, .granted: 2], unavailable: 2, budget: 2, grants: 4)
            try await fleet.shows(page, "the fleet is thawed")

            for number in 3...4 {
                try await fleet.boot(number)
                try fleet.becomeHealthy(number)
            }
            page.roll = nil
            page.images = [new: 4]
            try await fleet.shows(page, "the roll is done")
            try await decidesNoMore(fleet)
        }
    }

    /// While nothing is rolled there is one look in half a minute.
    private func decidesNoMore(_ fleet: RollingFleet) async throws {
        let driver = fleet.fleet.rollouts
        // What the driver does by itself is long before that, and so never due.
        let later = Moment.now() + .seconds(3600)
        await driver.tick(now: later)
        let count = try await fleet.decisions()
        await driver.tick(now: later + .milliseconds(29_999))
        #expect(try await fleet.decisions() == count)
        await driver.tick(now: later + .seconds(30))
        #expect(try await fleet.decisions() == count + 1)
    }

    @Test("Held, tried again, held, taken back: the roll that is open is on the page, and time counts while it is held")
    func held() async throws {
        try await RollingFleet.with { fleet in
            let (old, new) = try await fleet.ready(machines: 3)
            try await fleet.begin { $0.tries = 1 }
            var page = RollPage(images: [old: 3])
            page.roll = .init(id: 1, phases: [.granted: 1, .waiting: 2], unavailable: 1, budget: 1, grants: 1)
            try await fleet.shows(page, "the canary has its turn")
            #expect(try await fleet.pass(.seconds(3600)) == 0, "nothing is held")
            #expect(try await fleet.heldSeconds() == 0)

            // It fetches the new image, comes back, and gets what it was good on.
            #expect(try await fleet.boot(1) == new)
            #expect(try await fleet.boot(1) == old)
            page.roll?.state = "held"
            page.roll?.phases = [.failed: 1, .waiting: 2]
            try await fleet.shows(page, "the roll is held, and the canary is not back")
            try fleet.becomeHealthy(1)
            page.roll?.unavailable = 0
            try await fleet.shows(page, "the canary is back")
            let first = try await fleet.pass(.seconds(3600))
            #expect(first >= 3600)
            #expect(try await fleet.heldSeconds() == first)

            let _: RolloutView = try await fleet.client.post("/v1/rollouts/1/retry")
            page.roll = .init(id: 1, phases: [.granted: 1, .waiting: 2], unavailable: 1, budget: 1, grants: 2)
            try await fleet.shows(page, "the canary has another turn")
            #expect(try await fleet.pass(.seconds(3600)) == first, "it is held no more")
            #expect(try await fleet.heldSeconds() == first)
            try await fleet.boot(1)
            try await fleet.boot(1)
            page.roll?.state = "held"
            page.roll?.phases = [.failed: 1, .waiting: 2]
            try await fleet.shows(page, "it is held again")
            #expect(try await fleet.pass(.seconds(60)) == first + 60)
            #expect(try await fleet.heldSeconds() == first + 60)

            try fleet.becomeHealthy(1)
            let _: RolloutView = try await fleet.client.post("/v1/rollouts/1/abort")
            page.roll = nil
            try await fleet.shows(page, "the roll is over")
            #expect(try await fleet.pass(.seconds(3600)) == first + 60, "what is over is not held")
            #expect(try await fleet.heldSeconds() == first + 60)
        }
    }

    @Test("A way back is a roll with samples of its own")
    func rolledBack() async throws {
        try await RollingFleet.with { fleet in
            let (old, new) = try await fleet.ready(machines: 3)
            try await fleet.begin { _ in }
            var page = RollPage(images: [old: 3])
            page.roll = .init(id: 1, phases: [.granted: 1, .waiting: 2], unavailable: 1, budget: 1, grants: 1)
            try await fleet.shows(page, "the canary has its turn")
            #expect(try await fleet.boot(1) == new)
            try fleet.becomeHealthy(1)
            page.images = [old: 2, new: 1]
            page.roll?.phases = [.done: 1, .granted: 1, .waiting: 1]
            page.roll?.grants = 2
            try await fleet.shows(page, "the next one has its turn")

            let _: RolloutView = try await fleet.client.post("/v1/rollouts/1/rollback")
            page.roll = .init(id: 2, phases: [.done: 1, .granted: 1], unavailable: 1, budget: 1, grants: 1)
            try await fleet.shows(page, "who never moved is back, and the canary is to go back")
            #expect(try await fleet.boot(1) == old)
            page.roll?.phases = [.done: 1, .rebooting: 1]
            page.images = [old: 3]
            try await fleet.shows(page, "the canary boots what it had")
            try fleet.becomeHealthy(1)
            page.roll = nil
            try await fleet.shows(page, "everybody is back")
        }
    }

    @Test("Who lost the lease to another process says so, and that nothing else has changed")
    func lease() async throws {
        try await RollingFleet.with { fleet in
            let (old, _) = try await fleet.ready(machines: 2)
            try await fleet.begin { _ in }
            var page = RollPage(images: [old: 2])
            page.roll = .init(id: 1, phases: [.granted: 1, .waiting: 1], unavailable: 1, budget: 1, grants: 1)
            try await fleet.shows(page, "the canary has its turn")

            let driver = fleet.fleet.rollouts
            var lease = driver.rows.lease
            _ = lease.take("another")
            // The other one's own row, in the same ledger.
            try await driver.ledger.commit([DriverDocument.lease.row(lease)])
            await #expect(throws: ClientError.self) {
                let _: RolloutView = try await fleet.client.post("/v1/rollouts/1/pause")
            }
            page.hasLease = false
            try await fleet.shows(page, "another process decides")
        }
    }
}

/// What a page says of a fleet of `web`, as far as it has to do with rolls.
private struct RollPage {
    struct Roll {
        var id: Int
        var state = "running"
        /// All others have none.
        var phases: [RollPart.Phase: Int]
        var unavailable: Int
        var budget: Int
        var grants: Int
    }

    var roll: Roll?
    /// How many machines run which image.
    var images: [Digest: Int]
    var isFrozen = false
    var hasLease = true

    /// Everything of these families, and nothing else, is compared.
    static let families = [
        "muster_rollout_machines", "muster_rollout_state", "muster_rollout_grants_total",
        "muster_rollout_unavailable", "muster_rollout_budget", "muster_machines_by_image", "muster_fleet_frozen",
        "muster_lease_holder",
    ]

    /// The samples, sorted.
    var samples: [String] {
        var samples = images.map { #"muster_machines_by_image{image="\#($0.short)",profile="web"} \#($1)"# }
        samples.append("muster_fleet_frozen \(isFrozen ? 1 : 0)")
        samples.append("muster_lease_holder \(hasLease ? 1 : 0)")
        guard let roll else { return samples.sorted() }
        for phase in ["waiting", "granted", "draining", "rebooting", "done", "failed", "skipped"] {
            let count = RollPart.Phase(rawValue: phase).flatMap { roll.phases[$0] } ?? 0
            samples.append(
                #"muster_rollout_machines{phase="\#(phase)",profile="web",rollout="\#(roll.id)"} \#(count)"#
            )
        }
        for state in ["running", "paused", "held"] {
            let isIn = state == roll.state ? 1 : 0
            samples.append(#"muster_rollout_state{profile="web",rollout="\#(roll.id)",state="\#(state)"} \#(isIn)"#)
        }
        let figures = [("grants_total", roll.grants), ("unavailable", roll.unavailable), ("budget", roll.budget)]
        for (name, value) in figures {
            samples.append(#"muster_rollout_\#(name){profile="web",rollout="\#(roll.id)"} \#(value)"#)
        }
        return samples.sorted()
    }
}

extension RollingFleet {
    /// Machines that are healthy on release 1 of `web`, and release 2 that nobody has yet. Nobody becomes healthy by
    /// waiting.
    fileprivate func ready(machines: Int) async throws -> (old: Digest, new: Digest) {
        try await describe(machines: machines, settle: "1h")
        try await release(1)
        for number in 1...machines {
            try await eventually("n\(number) boots") { try await boot(number) != nil }
            try becomeHealthy(number)
        }
        try await release(2)
        let releases = fleet.snapshot.read { $0.releases["web"] ?? [] }
        let images = releases.compactMap { $0.images.values.first }
        try #require(images.count == 2 && images[0] != images[1])
        return (images[0], images[1])
    }

    fileprivate func begin(_ change: (inout RolloutOverrides) -> Void) async throws {
        var options = RolloutOverrides()
        change(&options)
        let _: RolloutView = try await client.post("/v1/rollouts", RolloutRequest(profile: "web", options: options))
    }

    // MARK: The page

    /// Reads the page until it says this: what machines did is looked at a moment later.
    fileprivate func shows(_ page: RollPage, _ when: Comment) async throws {
        var samples: [String] = []
        try await eventually(when) {
            samples = try await self.samples(of: RollPage.families)
            return samples == page.samples
        }
        #expect(samples == page.samples, when)
    }

    /// Sorted.
    private func samples(of families: [String]) async throws -> [String] {
        try await client.text("/metrics").split(separator: "\n").map(String.init)
            .filter { line in families.contains { line.hasPrefix($0 + " ") || line.hasPrefix($0 + "{") } }
            .sorted()
    }

    private func value(of sample: String) async throws -> Double {
        let lines = try await samples(of: [sample])
        try #require(lines.count == 1, "\(sample): \(lines)")
        return try #require(lines[0].split(separator: " ").last.flatMap { Double($0) })
    }

    /// How often it was decided what comes next; every decision took a time that is in the histogram.
    fileprivate func decisions() async throws -> Int {
        let name = "muster_rollout_decision_seconds"
        let lines = try await samples(of: [name + "_count", name + "_bucket"])
        let all = lines.filter { $0.hasPrefix(name + "_count ") || $0.contains(#"le="+Inf""#) }
        let counts = Set(all.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } })
        try #require(all.count == 2 && counts.count == 1, "\(lines)")
        return counts.first ?? 0
    }

    fileprivate func heldSeconds() async throws -> Double { try await value(of: "muster_rollout_hold_seconds_total") }

    /// So long goes by at once after the driver's last look, and it looks again. What it does by itself until then is in
    /// the past, and adds nothing.
    /// - Returns: for how many seconds rolls must have been held by then, if those that are held now were all the time.
    fileprivate func pass(_ time: Duration) async throws -> Double {
        let driver = fleet.rollouts
        let (held, last, count) = try driver.state.withLock { state in
            let count = state.rows.rolls.count { if case .held = $0.status { true } else { false } }
            return (state.held, try #require(state.lastHoldLook), count)
        }
        let now = Moment.now()
        await driver.tick(now: now + (last + time - now.uptime))
        return (held + time * count) / .seconds(1)
    }
}
