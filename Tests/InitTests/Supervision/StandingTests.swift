import Testing

@testable import Init

@Suite("How a machine stands")
struct StandingTests {
    private func service(
        _ name: String,
        restart: SupervisionSettings.Restart = .never,
        after: [String] = [],
        hasHealth: Bool = false
    ) -> Service {
        var settings = SupervisionSettings()
        settings.restart = restart
        settings.after = after
        if hasHealth { settings.health = SupervisionSettings.Health(probe: .command(["true"])) }
        return Service(
            Container(identifier: name, section: .services, actions: RuntimeActions(), settings: settings)
        )
    }

    private func start(_ service: Service, at time: Int64 = 0) {
        _ = service.life.begin()
        service.life.started(at: time)
    }

    @Test("without services it is healthy at once")
    func empty() { #expect(Standing.judge([], isUp: false) == .healthy) }

    @Test("it boots until every service that can has started, and is healthy when all are")
    func up() {
        let web = service("web", restart: .always, hasHealth: true)
        let log = service("log", restart: .always)
        let late = service("late", after: ["web"])
        let all = [web, log, late]
        _ = web.life.begin()
        _ = log.life.begin()
        #expect(Standing.judge(all, isUp: false) == .booting)
        web.life.started(at: 0)
        log.life.started(at: 0)
        #expect(!web.isReady && log.isReady)
        #expect(Standing.judge(all, isUp: false) == .up)
        _ = web.health?.probed(nil)
        #expect(web.isReady)
        start(late)
        #expect(Standing.judge(all, isUp: true) == .healthy)
    }

    @Test("a service whose check never passes keeps it up and never healthy")
    func neverHealthy() {
        let web = service("web", restart: .always, hasHealth: true)
        start(web)
        for _ in 0..<100 { _ = web.health?.probed("refused") }
        #expect(Standing.judge([web], isUp: true) == .up)
    }

    @Test("sick after it was healthy has failed, with what is wrong")
    func sick() {
        let web = service("web", restart: .always, hasHealth: true)
        start(web)
        _ = web.health?.probed(nil)
        for _ in 0..<HealthLife.tolerated { _ = web.health?.probed("/ answers 500") }
        #expect(Standing.judge([web], isUp: true) == .failed("web is sick: / answers 500"))
    }

    @Test("a crash loop has failed, with what the service said last in this life")
    func loop() {
        let web = service("web", restart: .always)
        web.container.log.append(Array("of an earlier life\n".utf8)[...], at: 0)
        for number in 1...5 {
            start(web, at: Int64(number))
            web.mark = web.container.log.count
            web.container.log.append(Array("no port \(number)\n".utf8)[...], at: 0)
            _ = web.life.ended(ExitStatus(code: 1), at: Int64(number))
        }
        #expect(Standing.judge([web], isUp: true) == .failed("web ended with status 1, 5 times in a row: no port 5"))
        start(web)
        #expect(Standing.judge([web], isUp: true) == .up)
        web.life.lasted(since: 0)
        #expect(Standing.judge([web], isUp: true) == .healthy)
    }

    @Test("a task that is done is well, and who waits for one that failed says so")
    func tasks() {
        let task = service("task")
        let late = service("late", after: ["task"])
        start(task)
        #expect(task.isReady)
        _ = task.life.ended(ExitStatus(code: 0), at: 5)
        #expect(task.isReady && Standing.judge([task], isUp: true) == .healthy)
        let broken = service("task")
        start(broken)
        _ = broken.life.ended(ExitStatus(code: 2), at: 5)
        let reason = "late waits for task, which ended with status 2"
        #expect(Standing.judge([broken, late], isUp: false) == .failed(reason))
    }

    @Test("one that could not be started and is not tried again has failed")
    func notStarted() {
        let web = service("web")
        _ = web.life.begin()
        _ = web.life.notStarted("runc create ended with status 1")
        #expect(Standing.judge([web], isUp: false) == .failed("web did not start: runc create ended with status 1"))
    }
}
