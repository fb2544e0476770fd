import Build
import Foundation
import Inventory
import PXE
import Rollout
import Synchronization
import Testing
import Vocabulary

@testable import Fleet

@Suite("Images that are built when a machine asks")
struct OnDemandBuildTests {
    let fixture: FleetFixture
    private let builder: StubBuilder
    var fleet: FleetService { fixture.fleet }

    init() async throws { (fixture, builder) = try await FleetFixture.building() }

    private static func profile(
        _ arguments: String,
        adopt: Profile.Adoption = .roll,
        prebuild: Bool = false
    ) -> Profile {
        Profile(
            name: "web",
            image: .definitions(["web.yml"]),
            definitions: ["web.yml": "kernel: {image: example.org/kernel, cmdline: '\(arguments) ${who}'}\n"],
            prebuild: prebuild,
            vars: ["who": "you"],
            adopt: adopt
        )
    }

    private func apply(_ profile: Profile) async throws {
        _ = try await fleet.apply([.profile(profile)])
        await fixture.sweep()
    }

    /// Does all builds that wait.
    private func build() async {
        while let work = fleet.authority.builds.take() { await fleet.build(work) }
        await fixture.sweep()
    }

    private func boot(_ number: UInt8) async throws -> BootInstructions {
        let boot = try #require(await fleet.ask(number).boot)
        fixture.fetch(boot, number: number)
        return boot
    }

    private func settle() {
        fleet.authority.book.healthDue(.now() + .seconds(301))
    }

    @Test("Four machines ask: one build, each is shown how far it is, and they go on by themselves")
    func four() async throws {
        try await apply(Self.profile("a"))
        for number in 1...4 as ClosedRange<UInt8> { try await fixture.machine(number) }
        for _ in 0..<3 {
            for number in 1...4 as ClosedRange<UInt8> {
                let answer = await fleet.ask(number)
                #expect(answer.lines.contains("The image of the profile web (amd64) is being built"), "\(answer)")
                guard case .pause(let pause) = answer else { return }
                #expect((1...3).contains(pause.seconds))
            }
        }
        let work = try #require(fleet.authority.builds.take())
        fleet.authority.builds.tell(.resolving(source: "example.org/kernel"), of: work)
        #expect(await fleet.ask(2).lines.contains("example.org/kernel: looking for it"))
        await fleet.build(work)
        await fixture.sweep()
        #expect(builder.count == 1)
        var images: Set<Digest> = []
        for number in 1...4 as ClosedRange<UInt8> {
            let boot = try #require(await fleet.ask(number).boot)
            images.insert(boot.image)
            #expect(boot.commandLine == "a you")
            #expect(try await fixture.boots(number).first?.release == 1)
        }
        #expect(images.count == 1 && builder.count == 1)
    }

    @Test("Who only looks begins nothing, and sees what the machine would")
    func looking() async throws {
        try await apply(Self.profile("a"))
        try await fixture.machine(1)
        for _ in 0..<20 {
            let foreign = await fleet.ask(MachineIdentity(mac: mac(1)), from: IPv4Address(172, 16, 0, 1))
            #expect(foreign.lines.contains("when this machine asks"))
            _ = await fleet.ask(MachineIdentity(mac: mac(1)), from: peer(1), dry: true)
        }
        let why = try await fleet.explain("n1")
        #expect(why.answer == .pause(lines: Pause.unbuilt("the profile web (amd64)").lines))
        #expect(fleet.authority.builds.take() == nil && builder.count == 0)
    }

    @Test("A failure is on the screen and in why, is tried again later, and machines with a last good image boot that")
    func failing() async throws {
        try await apply(Self.profile("a", adopt: .nextBoot))
        try await fixture.machine(1)
        try await fixture.machine(2)
        _ = await fleet.ask(1)
        await build()
        let good = try await boot(1).image
        settle()
        builder.state.withLock { $0.failure = "there is no image example.org/kernel:2" }
        try await apply(Self.profile("b", adopt: .nextBoot))
        #expect(await fleet.ask(1).lines.contains("is being built"))
        await build()
        #expect(await fleet.ask(1).boot?.image == good, "it boots its last good one")
        guard case .pause(let pause) = await fleet.ask(2) else {
            // Machine 2 was granted release 1, which is bootable.
            #expect(await fleet.ask(2).boot?.image == good)
            let why = try await fleet.explain("n1")
            #expect(why.buildFailure?.contains("there is no image example.org/kernel:2") == true)
            #expect(try await failures() == 1)
            return
        }
        Issue.record("\(pause)")
    }

    @Test("A first build that fails shows its error with growing pauses, and the mended definition is built at once")
    func failingAtFirst() async throws {
        builder.state.withLock { $0.failure = "cannot pull example.org/kernel: refused" }
        try await apply(Self.profile("a"))
        try await fixture.machine(1)
        _ = await fleet.ask(1)
        await build()
        let answer = await fleet.ask(1)
        #expect(answer.lines.contains("cannot pull example.org/kernel: refused"))
        #expect(answer.lines.contains("It was tried once, and is again in 5 s."))
        guard case .pause(let lines) = try await fleet.explain("n1").answer else { return }
        #expect(lines.contains { $0.contains("cannot pull") })
        #expect(try await failures() == 1)
        builder.state.withLock { $0.failure = nil }
        try await apply(Self.profile("b"))
        _ = await fleet.ask(1)
        await build()
        #expect(await fleet.ask(1).boot?.commandLine == "b you")
    }

    private func failures() async throws -> Int {
        try await fixture.flush()
        return try await fleet.records.events().count { $0.kind == "build.failed" }
    }

    @Test("Other definitions: nextBoot takes what is built of them, roll keeps what it proved and builds nothing")
    func adoption() async throws {
        for adopt in [Profile.Adoption.roll, .nextBoot] {
            try await apply(Self.profile("a", adopt: adopt))
            try await fixture.machine(1)
            _ = await fleet.ask(1)
            await build()
            let first = try await boot(1).image
            settle()
            try await apply(Self.profile("b", adopt: adopt))
            let before = builder.count
            if adopt == .nextBoot {
                #expect(await fleet.ask(1).lines.contains("is being built"))
                #expect(try await fixture.boots(1).first?.state == .closed, "it is back, so that boot is over")
                await build()
                let second = try await boot(1)
                #expect(second.image != first && second.commandLine == "b you")
                #expect(fleet.standing(of: "n1")?.state.triesLeft == 0, "one try")
                #expect(fleet.snapshot.read { $0.latestRelease(of: "web")?.number } == 2)
                fixture.discover(1)
                #expect(await fleet.ask(1).boot?.image == first, "not healthy: back to the last good one")
            } else {
                #expect(await fleet.ask(1).boot?.image == first)
                #expect(builder.count == before)
            }
        }
    }

    @Test("A tag that moved is a new release once it is looked at again; one that did not is none")
    func movedTag() async throws {
        try await apply(Self.profile("a"))
        let status = try fleet.requestBuild(of: "web")
        #expect(status.state == .building)
        await build()
        let first = try fleet.requestBuild(of: "web")
        #expect(first.state == .made && first.release == 1)
        _ = try fleet.requestBuild(of: "web", isFresh: true)
        await build()
        #expect(builder.count == 2)
        #expect(try fleet.requestBuild(of: "web").release == 1)
        builder.state.withLock { $0.world = " moved" }
        _ = try fleet.requestBuild(of: "web", isFresh: true)
        await build()
        let third = try fleet.requestBuild(of: "web")
        #expect(third.release == 2 && third.image != first.image)
    }

    @Test("Another architecture joins the release; other definitions are built for all that there were")
    func architectures() async throws {
        try await apply(Self.profile("a"))
        for architecture in [Architecture.amd64, .arm64] {
            _ = try fleet.requestBuild(of: "web", architecture: architecture)
            await build()
        }
        let release = try #require(fleet.snapshot.read { $0.latestRelease(of: "web") })
        #expect(release.number == 1 && Set(release.images.keys) == [.amd64, .arm64])
        try await apply(Self.profile("b"))
        _ = try fleet.requestBuild(of: "web", architecture: .arm64)
        await build()
        let next = try #require(fleet.snapshot.read { $0.latestRelease(of: "web") })
        #expect(next.number == 2 && Set(next.images.keys) == [.amd64, .arm64], "what was released before is again")
    }

    @Test("prebuild builds what is applied, once")
    func prebuild() async throws {
        let (_, notes) = try await fleet.apply([.profile(Self.profile("a", prebuild: true))])
        #expect(notes.contains("web is being built for amd64"))
        await build()
        #expect(builder.count == 1)
        let (_, again) = try await fleet.apply([.profile(Self.profile("a", prebuild: true))])
        #expect(again.isEmpty && fleet.authority.builds.take() == nil)
    }

    @Test("Bytes that somebody removed are built again")
    func collected() async throws {
        try await apply(Self.profile("a"))
        _ = try fleet.requestBuild(of: "web")
        await build()
        let image = try #require(fleet.snapshot.read { $0.latestRelease(of: "web")?.images[.amd64] })
        try FileManager.default.removeItem(atPath: fleet.images.blobs.path(of: image))
        fleet.reload()
        _ = try fleet.requestBuild(of: "web", isFresh: true)
        await build()
        #expect(builder.count == 2)
        #expect(try fleet.images.manifest(image).digest == image)
        #expect(try fleet.requestBuild(of: "web").state == .made)
    }

    @Test("A restart knows what was built, and what of", arguments: [true, false])
    func restart(isChanged: Bool) async throws {
        try await apply(Self.profile("a"))
        try await fixture.machine(1)
        _ = await fleet.ask(1)
        await build()
        if isChanged { try await apply(Self.profile("b")) }
        try await fixture.flush()
        await fleet.keepSnapshot()
        let again = try await fixture.restarted()
        defer { again.ledger.close() }
        let profile = try #require(again.planner.profile(named: "web"))
        #expect(profile.isMade(for: .amd64) == !isChanged)
        #expect(profile.definition?.sources.first?.path == "web.yml")
    }

    static let refused: [(Profile, String)] = [
        (Profile(name: "web", image: .definitions(["a.yml", "b.yml"]), definitions: ["a.yml": "{}"]), "b.yml"),
        (
            Profile(name: "web", image: .definitions(["a.yml"]), definitions: ["a.yml": "kernel:\n  imgae: x\n"]),
            "a.yml:2:3: "
        ),
        (
            Profile(
                name: "web",
                image: .definitions(["a.yml"]),
                definitions: ["a.yml": "files:\n  - {path: etc/x, source: motd}\n"]
            ),
            "a.yml:2:5: found the source 'motd'"
        ),
    ]

    @Test("Definitions that cannot be built are refused, and nothing is applied", arguments: refused)
    func refusals(_ profile: Profile, _ reason: String) async throws {
        do {
            _ = try await fleet.apply([.profile(profile)])
            Issue.record("applied")
        } catch let error as FleetError {
            #expect(error.code == .invalidInput && error.message.contains(reason), "\(error)")
        }
        #expect(fleet.snapshot.read { $0.profiles.isEmpty })
    }
}
