import Build
import Inventory
import Testing
import Vocabulary

@testable import Fleet

@Suite("Who asks first begins a build, the others are told how far it is")
struct BuildDeskTests {
    private let desk = BuildDesk(limits: BuildDesk.Limits(concurrent: 1))
    private let now = Moment(wall: Timestamp(milliseconds: 1_000_000_000_000), uptime: .seconds(1000))

    private func definition(_ name: String, _ text: String = "kernel: {}") throws -> ProfileDefinition {
        try #require(
            ProfileDefinition(Profile(name: name, image: .definitions(["a.yml"]), definitions: ["a.yml": text]))
        )
    }

    private func ask(
        _ name: String,
        _ text: String = "kernel: {}",
        isMade: Bool = false,
        made: Timestamp? = nil,
        isFresh: Bool = false,
        after delay: Int = 0
    ) throws -> BuildDesk.Status {
        desk.ask(
            try definition(name, text),
            .amd64,
            isMade: isMade,
            made: made,
            isFresh: isFresh,
            cause: .request,
            now: now + .seconds(delay)
        )
    }

    @Test("One build however many ask, as many at once as there may be, the next in line")
    func once() throws {
        for _ in 0..<100 { _ = try ask("web") }
        _ = try ask("db")
        let web = try #require(desk.take())
        #expect(web.target.profile == "web")
        #expect(desk.take() == nil, "one at a time")
        #expect(try ask("db") == .underWay(lines: ["waits for 1 other builds"], age: .zero))
        desk.tell(.pulling(source: "nginx:1", received: 12 << 20, total: 40 << 20), of: web)
        desk.tell(.compressing(part: "services/web", read: 1, total: 4), of: web)
        let lines = ["nginx:1: fetched 12 of 40 MiB", "services/web: compressed 25 %"]
        #expect(try ask("web", after: 14) == .underWay(lines: lines, age: .seconds(14)))
        desk.finish(web, failure: nil, now: now)
        #expect(try ask("web", isMade: true, after: 599) == .current)
        #expect(try #require(desk.take()).target.profile == "db")
    }

    @Test("What nobody asks for is tried again when its pause is over, and after many failures once an hour")
    func overdue() throws {
        for attempt in 1...9 {
            _ = try ask("web", after: attempt * 1000)
            let work = try #require(desk.take())
            desk.finish(work, failure: "no", now: now + .seconds(attempt * 1000))
            let pause = attempt == 9 ? 3900 : min(300, 5 << (attempt - 1))
            #expect(desk.overdue(now: now + .seconds(attempt * 1000 + pause - 1)).isEmpty, "\(attempt)")
            #expect(desk.overdue(now: now + .seconds(attempt * 1000 + pause)).map(\.profile) == ["web"], "\(attempt)")
        }
    }

    @Test("A failure is told until its time, which doubles up to a limit; other definitions are tried at once")
    func failures() throws {
        var at = 0
        for (attempt, pause) in [5, 10, 20, 40, 80, 160, 300, 300].enumerated() {
            _ = try ask("web", after: at)
            let work = try #require(desk.take())
            desk.finish(work, failure: "no", now: now + .seconds(at))
            #expect(
                try ask("web", after: at)
                    == .failed(reason: "no", attempts: attempt + 1, pause: .seconds(pause))
            )
            #expect(desk.take() == nil)
            at += pause
        }
        _ = try ask("web", "kernel: {image: other}", after: at)
        let work = try #require(desk.take())
        desk.finish(work, failure: "still no", now: now)
        let pause = desk.limits.firstPause
        #expect(
            try ask("web", "kernel: {image: other}") == .failed(reason: "still no", attempts: 1, pause: pause)
        )
    }

    @Test("What was made a while ago, or before a restart, is looked at again")
    func age() throws {
        let made = Timestamp(milliseconds: now.wall.milliseconds - 599_000)
        #expect(try ask("web", isMade: true, made: made) == .current)
        #expect(try ask("web", isMade: true, made: made, after: 2) == .underWay(lines: ["beginning"], age: .zero))
        let work = try #require(desk.take())
        desk.finish(work, failure: nil, now: now)
        #expect(try ask("web", isMade: true, made: made, after: 599) == .current)
        guard case .underWay = try ask("web", isMade: true, made: made, isFresh: true, after: 10) else {
            Issue.record("not looked at again")
            return
        }
    }

    @Test("Looking begins nothing")
    func looking() throws {
        let definition = try definition("web")
        #expect(desk.look(definition, .amd64, isMade: false, made: nil, now: now) == .unmade)
        #expect(desk.look(definition, .amd64, isMade: true, made: nil, now: now) == .current)
        #expect(desk.take() == nil)
    }

    @Test("A build of definitions that were replaced meanwhile tells nobody anything")
    func replaced() throws {
        _ = try ask("web")
        let old = try #require(desk.take())
        _ = try ask("web", "kernel: {image: other}")
        #expect(!desk.isWanted(old))
        desk.tell(.resolving(source: "old"), of: old)
        desk.finish(old, failure: "old", now: now)
        let new = try #require(desk.take())
        #expect(desk.isWanted(new) && new.definition.sources.first?.text == "kernel: {image: other}")
    }

    @Test("A cancelled build is as if nobody had asked")
    func abandoned() throws {
        _ = try ask("web")
        desk.abandon(try #require(desk.take()))
        #expect(desk.look(try definition("web"), .amd64, isMade: false, made: nil, now: now) == .unmade)
        _ = try ask("web")
        #expect(desk.take() != nil)
    }

    @Test("What is built is named by texts and variables, in order, and by no file's name")
    func keys() {
        func key(_ texts: KeyValuePairs<String, String>, _ vars: [String: String] = [:]) -> Digest? {
            let profile = Profile(
                name: "web",
                image: .definitions(texts.map(\.key)),
                definitions: Dictionary(texts.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }),
                vars: vars
            )
            return ProfileDefinition(profile)?.key
        }
        let one = key(["a.yml": "x", "b.yml": "y"])
        #expect(one == key(["c.yml": "x", "d.yml": "y"]))
        let others = [
            key(["a.yml": "y", "b.yml": "x"]), key(["a.yml": "xy"]), key(["a.yml": "x", "b.yml": "y"], ["v": "1"]),
            key(["a.yml": "x", "b.yml": "y"], ["v": "2"]),
        ]
        #expect(Set(others + [one]).count == 5)
    }
}
