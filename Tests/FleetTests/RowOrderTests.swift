import Inventory
import PXE
import Rollout
import Synchronization
import Testing
import Vocabulary

@testable import Fleet

@Suite("The ledger's rows are in the order of the changes")
struct RowOrderTests {
    private let fixture: FleetFixture
    private let image: Digest
    private var fleet: FleetService { fixture.fleet }

    init() async throws {
        fixture = try await FleetFixture.make()
        image = try fixture.image("web")
        try await fixture.profile("web")
        try await fixture.machine(1)
    }

    /// A book that is handed no rows but with its lock held.
    private final class Watched: Sendable {
        private let book = Mutex<BootBook?>(nil)
        let handed = Mutex<[Bool]>([])

        func make() -> BootBook {
            let made = BootBook(downloads: .init()) { [self] _, _ in
                let isFree = book.withLock { $0?.contents.withLockIfAvailable { _ in true } } ?? false
                handed.withLock { $0.append(!isFree) }
            }
            book.withLock { $0 = made }
            return made
        }
    }

    @Test("Whatever changes a machine hands its rows on before anybody else can change it")
    func locked() throws {
        let watched = Watched()
        let book = watched.make()
        let now = Moment.now()
        let plan = try #require(fleet.plan(of: "n1"))
        let ask = ScriptAsk(machine: "n1", mac: mac(1), identity: MachineIdentity(mac: mac(1)), plan: plan, now: now)
        let ready = try fleet.authority.shelf.image(image, now: now)
        var steps: [(String, Int)] = []
        func step(_ name: String, _ body: () -> Void) {
            let before = watched.handed.withLock(\.count)
            body()
            steps.append((name, watched.handed.withLock(\.count) - before))
        }
        func begin() { _ = book.begin(ask, image: ready, commandLine: "", reply: { _ in }, done: { _, _ in }) }
        func fetch() {
            guard let open = book.standing(of: "n1")?.boot else { return }
            for part in [BootBook.Part.kernel, .initrd] {
                let name = ResourceName.image(image, part: part.rawValue)
                let all = Transfer(carrier: .http, peer: peer(1), name: name, boot: open.id, range: 0..<6, total: 6)
                book.transferred(part, of: "n1", boot: open.id, image: image, transfer: all, now: now)
            }
        }
        func report(_ state: BootReport.State) {
            guard let open = book.standing(of: "n1")?.boot else { return }
            _ = book.report(BootReport(state: state), of: open.id, now: now) { _ in }
        }
        step("planned") { book.take([("n1", plan)], now: now) { _ in } }
        step("begun", begin)
        step("fetched", fetch)
        step("settled") { book.healthDue(now + .seconds(301)) }
        step("discovered") {
            book.discovered("n1", note: TimelineNote(stage: .dhcp, detail: "", time: now.wall), now: now)
        }
        step("begun again", begin)
        step("fetched again", fetch)
        step("up") { report(.up) }
        step("failed") { report(.failed) }
        step("granted") { book.grant(plan, to: "n1", now: now) { _ in } }
        step("removed") { book.remove("n1", now: now) }
        for (name, rows) in steps { #expect(rows > 0, "\(name) handed nothing on") }
        #expect(watched.handed.withLock { $0.allSatisfy(\.self) })
    }

    @Test("A machine's boots, grants and looks from many threads leave the ledger with its state, and in no older one")
    func storm() async throws {
        let (fleet, fixture) = (fleet, fixture)
        let plan = try #require(fleet.plan(of: "n1"))
        await withDiscardingTaskGroup { group in
            for _ in 0..<2 {
                group.addTask {
                    for _ in 0..<2000 { fleet.authority.book.grant(plan, to: "n1", now: .now()) { _ in } }
                }
            }
            group.addTask {
                for _ in 0..<200 {
                    guard let boot = await fleet.ask(1).boot else { continue }
                    fixture.fetch(boot, number: 1)
                    fixture.discover(1)
                }
            }
        }
        try await fixture.flush()
        var last: MachineStateRecord?
        var states = 0
        for change in try await fleet.records.changes(since: 0, limit: 100_000) {
            guard case .machineState(let state) = change.row else { continue }
            states += 1
            let isOlder = state.generation < last?.generation ?? 0 || state.bootEpoch < last?.bootEpoch ?? 0
            #expect(!isOlder, "\(state) stands behind \(String(describing: last))")
            if isOlder { break }
            last = state
        }
        #expect(states > 4000)
        let state = try #require(fleet.standing(of: "n1")?.state)
        #expect(last?.state == state)
        let again = try await fixture.restarted()
        defer { again.ledger.close() }
        #expect(again.standing(of: "n1")?.state.generation == state.generation)
    }
}
