import Build
import Inventory
import PXE
import Rollout
import Testing
import Vocabulary

@testable import Fleet

@Suite("Releases that come though no machine asks for them")
struct StandingBuildTests {
    let fixture: FleetFixture
    private let builder: StubBuilder
    var fleet: FleetService { fixture.fleet }

    init() async throws { (fixture, builder) = try await FleetFixture.building() }

    private static func profile(_ arguments: String, adopt: Profile.Adoption = .roll) -> Profile {
        Profile(
            name: "web",
            image: .definitions(["web.yml"]),
            definitions: ["web.yml": "kernel: {image: example.org/kernel, cmdline: '\(arguments)'}\n"],
            adopt: adopt
        )
    }

    @discardableResult
    private func apply(_ arguments: String, adopt: Profile.Adoption = .roll) async throws -> [String] {
        let (_, notes) = try await fleet.apply([.profile(Self.profile(arguments, adopt: adopt))])
        await fixture.sweep()
        return notes
    }

    private func build() async {
        while let work = fleet.authority.builds.take() { await fleet.build(work) }
        await fixture.sweep()
    }

    private var releases: [Int] { fleet.snapshot.read { ($0.releases["web"] ?? []).map(\.number) } }

    /// Machine `number` asks until there is an image, boots it and is well.
    @discardableResult
    private func prove(_ number: UInt8) async throws -> Digest {
        try await fixture.machine(number)
        _ = await fleet.ask(number)
        await build()
        let boot = try #require(await fleet.ask(number).boot)
        fixture.fetch(boot, number: number)
        fleet.authority.book.healthDue(.now() + .seconds(301))
        #expect(fleet.standing(of: "n\(number)")?.state.lastGood == boot.image)
        return boot.image
    }

    private func events(_ kind: String) async throws -> [EventRecord] {
        try await fixture.flush()
        return try await fleet.records.events().filter { $0.kind == kind }
    }

    @Test("A first definition waits for a machine, and says so; every other one becomes a release by itself")
    func changed() async throws {
        #expect(try await apply("a") == ["web is built when the first machine asks for it"])
        #expect(fleet.authority.builds.take() == nil)
        try await fixture.machine(1)
        #expect(fleet.outcome(for: ["n1"]).summary == ["1 machine gets web as soon as it is built"])
        let first = try await prove(1)
        let notes = try await apply("b")
        #expect(notes.contains("web is being built for amd64"), "\(notes)")
        await build()
        #expect(releases == [1, 2])
        let state = try #require(fleet.standing(of: "n1")?.state)
        #expect(state.desired != first && state.assigned == first)
        #expect(await fleet.ask(1).boot?.image == first, "it keeps what it proved until a roll")
        #expect(fleet.authority.builds.take() == nil)

        let outcome = try await fleet.assign("web", to: ["n1"], now: true)
        #expect(outcome.granted == ["n1"] && outcome.building.isEmpty)
        fixture.discover(1)
        #expect(await fleet.ask(1).boot?.commandLine == "b")
    }

    @Test("adopt: nextBoot finds the new release there already")
    func nextBoot() async throws {
        try await apply("a", adopt: .nextBoot)
        try await prove(1)
        try await apply("b", adopt: .nextBoot)
        await build()
        fixture.discover(1)
        #expect(await fleet.ask(1).boot?.commandLine == "b")
    }

    @Test("assign --now of what is not built begins the build and grants nothing until it is done")
    func granted() async throws {
        try await apply("a")
        let first = try await prove(1)
        try await apply("b")
        let outcome = try await fleet.assign("web", to: ["n1"], now: true)
        #expect(outcome.building.map(\.state) == [.building] && outcome.lacking == ["n1"] && outcome.granted.isEmpty)
        #expect(outcome.summary == ["1 machine can be granted web once it is built: assign it again then"])
        #expect(fleet.standing(of: "n1")?.state.assigned == first)
        await build()
        #expect(builder.count == 2, "one build, for both reasons")
        #expect(try await fleet.assign("web", to: ["n1"], now: true).granted == ["n1"])
        #expect(fleet.standing(of: "n1")?.state.assigned != first)
    }

    @Test("assign --now before anything was built builds for the machines' architecture; what failed is tried at once")
    func grantedFirst() async throws {
        try await apply("a")
        try await fixture.machine(1)
        builder.state.withLock { $0.failure = "the registry is away" }
        #expect(try await fleet.assign("web", to: ["n1"], now: true).lacking == ["n1"])
        await build()
        builder.state.withLock { $0.failure = nil }
        #expect(try await fleet.assign("web", to: ["n1"], now: true).building.map(\.state) == [.building])
        await build()
        #expect(try await fleet.assign("web", to: ["n1"], now: true).granted == ["n1"])
        #expect(try await events("build.started").map(\.cause) == ["grant", "grant"])
    }

    @Test("Events say that a build began, what for, and how it ended")
    func told() async throws {
        try await apply("a")
        try await prove(1)
        _ = try fleet.requestBuild(of: "web", isFresh: true)
        await build()
        builder.state.withLock { $0.failure = "there is no such image" }
        try await apply("b")
        await build()
        fleet.retryBuilds(now: .now())
        #expect(fleet.authority.builds.take() == nil, "not before its pause is over")
        fleet.retryBuilds(now: .now() + .seconds(6))
        await build()
        let causes = ["machine n1", "request", "definition", "retry"]
        #expect(try await events("build.started").map(\.cause) == causes)
        #expect(try await events("build.finished").map(\.cause) == Array(causes.prefix(2)))
        #expect(try await events("build.failed").map(\.cause) == Array(causes.suffix(2)))
        let first = try #require(try await events("build.started").first)
        #expect(first.subject == "web")
        #expect(first.message == "the image of web (amd64) is being built, because n1 asked for it")
        #expect(try await events("build.failed").first?.message.contains("there is no such image") == true)
    }

    @Test("A definition that is taken back before it was built becomes no release")
    func takenBack() async throws {
        try await apply("a")
        try await prove(1)
        try await apply("b")
        try await apply("a")
        await build()
        #expect(builder.count == 1 && releases == [1])
        try await apply("c")
        await build()
        #expect(releases == [1, 2])
    }

    @Test("A server that was killed before it was built builds it when it is back")
    func restarted() async throws {
        try await apply("a")
        try await prove(1)
        try await apply("b")
        try await fixture.flush()
        await fleet.keepSnapshot()
        let again = try await fixture.restarted()
        defer { again.ledger.close() }
        while let next = again.sweeps.take() { await again.sweep(next) }
        let work = try #require(again.authority.builds.take())
        #expect(work.target.profile == "web" && work.cause == .definition)
        #expect(work.definition.sources.first?.text.contains("cmdline: 'b'") == true)
    }

    @Test("Machines of another architecture than was built before have theirs built too")
    func architectures() async throws {
        try await apply("a")
        try await prove(1)
        let arm = Machine(name: "arm", nics: [.init(mac: mac(9))], profile: "web", architecture: .arm64)
        _ = try await fleet.apply([.machine(MachineResource(machine: arm))])
        await fixture.sweep()
        await build()
        let release = fleet.snapshot.read { $0.latestRelease(of: "web") }
        #expect(release?.number == 1 && release.map { Set($0.images.keys) } == [.amd64, .arm64])
    }
}
