import Testing
import Vocabulary

@testable import Inventory

/// What `rollout:` of a profile may say.
@Suite struct RolloutOptionsTests {
    private func profile(_ rollout: String) -> (profile: Profile?, problems: [String]) {
        let text = "kind: Profile\nname: web\nimage: web\nrollout: \(rollout)"
        let (resources, problems) = ResourceFile.check([.init(path: "a.yml", text: text)])
        guard case .profile(let profile)? = resources.first else { return (nil, problems.map(\.description)) }
        return (profile, problems.map(\.description))
    }

    @Test func everythingThatMayBeSaid() throws {
        let text = """
            {canary: {count: 2, prefer: canary=true, perModel: true}, waves: [1, 50%], maxUnavailable: 5%, per: {rack: 1},
             gates: [{http: "https://go/a"}, {prometheus: "sum(up) > 3", server: "http://p:9090"}, {command: [check, -x]}],
             drain: {command: [/bin/drain, now], deadline: 5m, interval: 1s, onTimeout: force},
             window: {days: "Fri-Mon,Wed", from: "22:00", to: "04:30", tz: Europe/Berlin},
             reboot: none, onFailure: rollback, minHealthy: 1m, tries: 3, bootDeadline: 20m, patience: 2h, bake: 30s}
            """
        let (profile, problems) = profile(text)
        #expect(problems.isEmpty)
        let options = try #require(profile?.rollout)
        #expect(
            options.canary == .init(count: .count(2), prefer: .init("canary", "true"), onePerModel: true)
                && options.waves == [.count(1), .percent(50)] && options.per == ["rack": .count(1)]
        )
        #expect(
            options.gates == [
                .http(url: "https://go/a"), .prometheus(server: "http://p:9090", query: "sum(up) > 3"),
                .command(["check", "-x"]),
            ]
        )
        #expect(
            options.drain
                == .init(
                    hook: .command(["/bin/drain", "now"]),
                    deadline: .minutes(5),
                    interval: .seconds(1),
                    onTimeout: .force
                )
        )
        let days: Set<Window.Day> = [.friday, .saturday, .sunday, .monday, .wednesday]
        #expect(options.window == Window(days: days, from: 22 * 60, to: 4 * 60 + 30, timeZone: "Europe/Berlin"))
        #expect(options.reboot == .none && options.onFailure == .rollback && options.tries == 3)
        #expect(
            options.bootDeadline == .minutes(20) && options.patience == .minutes(120) && options.bake == .seconds(30)
        )
        let again = try Profile(document: try #require(profile).document.json)
        #expect(again.rollout == options, "what is written is what is read")
    }

    @Test func whatIsLeftOutHasItsDefault() throws {
        #expect(profile("{}").profile?.rollout == RolloutOptions())
        #expect(profile("{drain: {}, window: {}, bootDeadline: auto, canary: 1}").profile?.rollout == RolloutOptions())
        #expect(profile("{window: {days: [Mon, Tue]}}").profile?.rollout.window == Window(days: [.monday, .tuesday]))
    }

    @Test(
        arguments: [
            ("{canary: some}", "a.yml:4:19: found 'some', expected a number of machines"),
            ("{canary: {prefer: canary}}", "a.yml:4:28: found 'canary', expected a label"),
            ("{gates: [{}]}", "a.yml:4:19: found a mapping, expected exactly one of http, prometheus, command"),
            ("{gates: [{prometheus: up}]}", "a.yml:4:19: found no 'server'"),
            ("{gates: [{http: 'ftp://a/b'}]}", "a.yml:4:26: found 'ftp://a/b', expected a URL"),
            ("{gates: [{http: 'http://a', server: 'http://b'}]}", "expected a server beside a prometheus: query"),
            ("{gates: [{command: []}]}", "expected a program and its arguments"),
            ("{drain: {deadline: 1m}}", "expected exactly one of http, command"),
            ("{drain: {http: 'http://a', onTimeout: wait}}", "found 'wait', expected one of skip, force"),
            ("{window: {days: Mon-Xyz}}", "found 'Mon-Xyz', expected days"),
            ("{window: {from: '9:00'}}", "found '9:00', expected a time of day"),
            ("{window: {from: '24:00'}}", "found '24:00', expected a time of day"),
            ("{window: {tz: Europe/Berln}}", "found 'Europe/Berln', expected a time zone"),
            ("{reboot: maybe}", "found 'maybe', expected one of auto, none"),
            ("{bootDeadline: soon}", "found 'soon', expected auto, or a time"),
            ("{patience: 1}", "found '1', expected a time"),
        ]
    )
    func whatIsWrongIsSaid(_ rollout: String, _ expected: String) {
        let (profile, problems) = profile(rollout)
        #expect(profile == nil && problems.contains { $0.contains(expected) }, "\(problems)")
    }
}
