import Foundation
import Inventory
import Testing
import Vocabulary

@testable import Fleet

@Suite("Power by Redfish")
struct RedfishPowerTests {
    // MARK: Resets

    @Test func whatIsRefusedIsFollowedByTheNext() async throws {
        let bmc = try await FakeBMC.start([.refusesForceRestart])
        #expect(try await PowerFixture().perform(.cycle, at: bmc).failure == nil)
        #expect(bmc.resets == ["ForceRestart", "PowerCycle"])
    }

    @Test func whoHasOnlyOffAndOnIsSwitchedByThem() async throws {
        let bmc = try await FakeBMC.start([.onlyOffAndOn, .slowPower])
        #expect(try await PowerFixture().perform(.reboot, at: bmc).failure == nil)
        #expect(bmc.resets == ["ForceOff", "On"])
        #expect(bmc.boots == ["network"])
    }

    @Test func aRebootAsksTheSystemFirstAndThenDoesNot() async throws {
        let bmc = try await FakeBMC.start([.systemIsDeaf])
        #expect(try await PowerFixture().perform(.reboot, at: bmc).failure == nil)
        #expect(bmc.resets == ["GracefulRestart", "ForceRestart"])
    }

    @Test func aMachineThatAsksForABootInItsGracePeriodIsLeftAlone() async throws {
        let bmc = try await FakeBMC.start()
        let fixture = try PowerFixture { $0.timing.grace = .seconds(20) }
        async let result = fixture.perform(.reboot, at: bmc)
        while bmc.resets.isEmpty { await Task.yield() }
        fixture.beginBoot()
        #expect(await result.failure == nil)
        #expect(bmc.resets == ["GracefulRestart"])
    }

    @Test func offAsksTheSystemAndThenSwitches() async throws {
        let polite = try await FakeBMC.start()
        #expect(try await PowerFixture().perform(.off, at: polite).state == "off")
        #expect(polite.resets == ["GracefulShutdown"])
        let deaf = try await FakeBMC.start([.systemIsDeaf])
        #expect(try await PowerFixture().perform(.off, at: deaf).state == "off")
        #expect(deaf.resets == ["GracefulShutdown", "ForceOff"])
        #expect(deaf.boots.isEmpty)
    }

    @Test func whatIsSoAlreadyIsNotDone() async throws {
        let bmc = try await FakeBMC.start()
        let fixture = try PowerFixture()
        #expect(await fixture.perform(.on, at: bmc).state == "on")
        #expect(await fixture.perform(.status, at: bmc).state == "on")
        #expect(bmc.resets.isEmpty)
        #expect(fixture.events.filter { $0.kind == "power.requested" }.count == 1)
    }

    @Test func requestsAreTimedByWhoMadeTheController() async throws {
        let bmc = try await FakeBMC.start()
        let fixture = try PowerFixture()
        #expect(await fixture.perform(.status, at: bmc).state == "on")
        let first = fixture.desk.counts.requests.mapValues(\.count)
        #expect(first["unknown"] == 1 && (first["Contoso"] ?? 0) > 1, "\(first)")
        // Known from now on.
        #expect(await fixture.perform(.status, at: bmc).state == "on")
        #expect(fixture.desk.counts.requests["unknown"]?.count == 1)
    }

    // MARK: Letting oneself in

    @Test func aWrongPasswordIsSaidAndNotTriedOtherwise() async throws {
        let bmc = try await FakeBMC.start()
        let fixture = try PowerFixture()
        try fixture.secret("boss:wr0ng-Secret")
        let result = await fixture.perform(.cycle, at: bmc)
        #expect(result.failure?.contains("refuses the user 'boss': HTTP 401: the password '***' is not valid") == true)
        #expect(!fixture.traces.contains("wr0ng-Secret"))
        #expect(bmc.state.withLock { $0.authentications }.isEmpty)
    }

    @Test func credentialsThatAreNotThereAreSaid() async throws {
        let bmc = try await FakeBMC.start()
        let fixture = try PowerFixture()
        try fixture.secret("nocolon-s3cret")
        let result = await fixture.perform(.cycle, at: bmc)
        #expect(result.failure?.contains("is not of the form user:password") == true, "\(result)")
        #expect(!"\(result)".contains("nocolon"))
        let missing = await fixture.perform(.cycle, at: bmc, ["credentials": "env:MUSTER_TEST_NOWHERE"])
        #expect(missing.failure?.contains("the server's environment has no MUSTER_TEST_NOWHERE") == true)
    }

    @Test func thePasswordIsNotSentOtherwiseOnceSessionsWorked() async throws {
        let bmc = try await FakeBMC.start()
        let fixture = try PowerFixture()
        #expect(await fixture.perform(.cycle, at: bmc).failure == nil)
        bmc.become([.noSessions])
        bmc.state.withLock { $0.authentications = [] }
        let result = await fixture.perform(.cycle, at: bmc)
        #expect(result.failure?.contains("gave sessions before, and now shows none any more") == true, "\(result)")
        #expect(bmc.state.withLock { $0.authentications }.isEmpty)
    }

    @Test func aSessionThatEndedIsBegunAgain() async throws {
        let bmc = try await FakeBMC.start([.slowPower]) { $0.isOn = false }
        let fixture = try PowerFixture { $0.timing.settle = .seconds(10) }
        async let result = fixture.perform(.on, at: bmc)
        while bmc.resets.isEmpty { await Task.yield() }
        bmc.state.withLock { $0.sessions = [] }
        #expect(await result.failure == nil)
        #expect(bmc.state.withLock { $0.sessionsGiven } == 2)
    }

    // MARK: Certificates

    @Test func anotherCertificateIsRefusedBeforeAnythingIsSaid() async throws {
        let bmc = try await FakeBMC.start()
        let fixture = try PowerFixture()
        #expect(await fixture.perform(.status, at: bmc).state == "on")
        try await bmc.show(certificate: 1)
        bmc.state.withLock { $0.requests = [] }
        let result = await fixture.perform(.status, at: bmc)
        #expect(result.failure?.contains("shows another certificate") == true, "\(result)")
        #expect(bmc.state.withLock { $0.requests }.isEmpty)
        #expect(fixture.events.map(\.kind) == ["bmc.certificatePinned", "bmc.certificateChanged"])
        // A new server knows the first one too, until somebody removes the file.
        let other = try PowerFixture { $0.memory = fixture.desk.memory.directory }
        #expect(await other.perform(.status, at: bmc).failure?.contains("shows another certificate") == true)
        try FileManager.default.removeItem(atPath: other.desk.memory.path(of: "127.0.0.1:\(bmc.port)"))
        #expect(await other.perform(.status, at: bmc).state == "on")
    }

    @Test func aFingerprintIsWhatCountsWhereOneIsWritten() async throws {
        let bmc = try await FakeBMC.start()
        let fixture = try PowerFixture()
        let wrong = await fixture.perform(
            .status,
            at: bmc,
            ["fingerprint": .string(String(repeating: "ab", count: 32))]
        )
        #expect(wrong.failure?.contains("that `bmc:` says") == true, "\(wrong)")
        #expect(bmc.state.withLock { $0.requests }.isEmpty)
        #expect(await fixture.perform(.status, at: bmc).state == "on")
        let pinned = try #require(try fixture.desk.memory.entry(of: "127.0.0.1:\(bmc.port)").certificate)
        #expect(await fixture.perform(.status, at: bmc, ["fingerprint": .string(pinned.hex)]).state == "on")
    }

    @Test func aFileThatCannotBeReadIsNotPassedOver() async throws {
        let bmc = try await FakeBMC.start()
        let fixture = try PowerFixture()
        let path = fixture.desk.memory.path(of: "127.0.0.1:\(bmc.port)")
        try FileManager.default.createDirectory(
            atPath: fixture.desk.memory.directory,
            withIntermediateDirectories: true
        )
        try Data("{".utf8).write(to: URL(fileURLWithPath: path))
        #expect(await fixture.perform(.status, at: bmc).failure?.contains("\(path) cannot be read; remove it") == true)
    }

    // MARK: Silence

    @Test func aControllerThatDoesNotAnswerIsGivenUpAndThenLeftAlone() async throws {
        let bmc = try await FakeBMC.start(isSilent: true)
        let fixture = try PowerFixture {
            $0.timing.read = .milliseconds(50)
            $0.timing.rest = .seconds(100)
        }
        for _ in 0..<CircuitBreaker.patience {
            let result = await fixture.perform(.status, at: bmc)
            #expect(result.failure == "redfish: no answer from 127.0.0.1:\(bmc.port): within 50 ms")
        }
        let result = await fixture.perform(.status, at: bmc)
        #expect(result.failure?.contains("did not answer 3 times in a row; it is asked again in") == true, "\(result)")
        #expect(fixture.desk.counts.resting == 1)
        // Others are not concerned.
        #expect(try await fixture.desk.door.operate(at: "127.0.0.1:1") { true })
    }

    @Test func aControllerThatIsNotThereIsSaid() async throws {
        let bmc = try await FakeBMC.start()
        try await bmc.stop()
        let result = try await PowerFixture().perform(.status, at: bmc)
        #expect(result.failure == "redfish: cannot connect to 127.0.0.1:\(bmc.port): Connection refused")
    }

    @Test func aControllerThatIsNeverReadyEndsAtTheDeadline() async throws {
        let bmc = try await FakeBMC.start(isSecure: false) { $0.isStarting = true }
        let fixture = try PowerFixture { $0.timing.deadline = .seconds(4) }
        let begin = ContinuousClock.now
        let result = await fixture.perform(.cycle, at: bmc)
        #expect(result.failure?.contains("is not ready within 4 s: HTTP 503: come back in 20 s") == true, "\(result)")
        #expect(ContinuousClock.now - begin < .seconds(30))
    }

    @Test func breakersRestLongerEachTime() {
        var breaker = CircuitBreaker()
        let begin = ContinuousClock.now
        for _ in 0..<CircuitBreaker.patience { breaker.wasSilent(at: begin, rest: .seconds(30)) }
        #expect(breaker.remaining(at: begin) == .seconds(30))
        #expect(breaker.remaining(at: begin + .seconds(30)) == nil)
        breaker.wasSilent(at: begin, rest: .seconds(30))
        #expect(breaker.remaining(at: begin) == .seconds(60))
        for _ in 0..<10 { breaker.wasSilent(at: begin, rest: .seconds(30)) }
        #expect(breaker.remaining(at: begin) == .seconds(480))
        breaker.answered()
        #expect(breaker.remaining(at: begin) == nil)
    }

    // MARK: Many at once

    @Test func oneControllerHasOneRequestAtATime() async throws {
        let bmc = try await FakeBMC.start(isSecure: false)
        let fixture = try PowerFixture()
        let machine = fixture.machine(at: bmc)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { #expect(await fixture.desk.perform(.status, on: machine).failure == nil) }
            }
        }
        // Each conversation was over before the next began: root, session, systems, system, end.
        let requests = bmc.state.withLock { $0.requests }
        #expect(requests.count == 40)
        for (index, request) in requests.enumerated() { #expect((request == "GET /redfish/v1/") == (index % 5 == 0)) }
    }
}
