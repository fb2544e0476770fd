import Build
import Foundation
import Inventory
import PXE
import Synchronization
import Testing
import Vocabulary

@testable import Fleet

/// What a machine's agent does when it is asked for logs, by hand.
private struct Agent {
    let fleet: FleetService
    let boot: BootID
    let token: [UInt8]

    init(_ machine: ReportingMachine) async throws {
        let (boot, token) = try await machine.boot()
        fleet = machine.fleet
        self.boot = boot.boot
        self.token = token
        #expect(await machine.report("up", of: boot.boot, token: token) == .done)
    }

    /// What the server says, at once or when it has something to say.
    func orders(waiting: Bool = true) async throws -> [String: JSONValue] {
        var call = self.call(.orders)
        call.wait = waiting ? .seconds(25) : .zero
        let answer = await answer(call)
        guard case .state(let bytes) = answer,
            case .object(let members)? = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes))
        else {
            Issue.record("orders are answered \(answer)")
            return [:]
        }
        return members
    }

    /// The question that the server has.
    func question() async throws -> (number: Int, members: [String: JSONValue]) {
        let orders = try await orders()
        #expect(orders["order"] == .string("none"))
        guard case .array(let logs)? = orders["logs"], case .object(let members)? = logs.first,
            case .integer(let number)? = members["request"]
        else {
            Issue.record("no question: \(orders)")
            return (0, [:])
        }
        return (Int(number), members)
    }

    func show(_ text: String, _ part: LogPart) async -> MachineCallAnswer {
        var call = self.call(.logs)
        call.part = part
        call.body = Array(text.utf8)
        return await answer(call)
    }

    private func call(_ kind: MachineCall.Kind) -> MachineCall {
        let server = Endpoint(address: IPv4Address(10, 0, 0, 254), port: 8080)
        return MachineCall(boot: boot, kind: kind, peer: peer(1), token: token, server: server)
    }

    private func answer(_ call: MachineCall) async -> MachineCallAnswer {
        await withCheckedContinuation { continuation in
            fleet.authority.answer(call) { continuation.resume(returning: $0) }
        }
    }
}

extension FleetService {
    fileprivate func allLogs(of name: String, _ question: LogQuestion) async throws -> String {
        var text: [UInt8] = []
        for try await part in try await logs(of: name, question) { text += part }
        return String(decoding: text, as: UTF8.self)
    }
}

@Suite("Logs of machines")
struct LogTests {
    @Test("The machine is told what is wanted while it waits, and its parts come in order, each once")
    func story() async throws {
        let machine = try await ReportingMachine()
        let agent = try await Agent(machine)
        async let text = machine.fleet.allLogs(of: "n1", LogQuestion(container: "web \"1\"", lines: 7))
        let (number, members) = try await agent.question()
        let wanted: [String: JSONValue] = [
            "request": .integer(Int64(number)), "container": .string("web \"1\""), "lines": .integer(7),
        ]
        #expect(members == wanted)
        func part(_ count: Int, _ outcome: LogPart.Outcome) -> LogPart {
            LogPart(request: number, number: count, outcome: outcome)
        }
        #expect(await agent.show("one\n", part(1, .more)) == .malformed("expected part 0"))
        #expect(await agent.show("one\n", part(0, .more)) == .done)
        #expect(await agent.show("one\n", part(0, .more)) == .done)
        #expect(await agent.show("", part(1, .more)) == .done)
        #expect(await agent.show("two\n", part(2, .end)) == .done)
        #expect(try await text == "one\ntwo\n")
        #expect(await agent.show("three\n", part(3, .end)) == .unwanted)
        #expect(machine.fleet.authority.orders.questions == 0)
    }

    @Test("A container that is not there names those there are")
    func unknown() async throws {
        let machine = try await ReportingMachine()
        let agent = try await Agent(machine)
        let text = Task { try await machine.fleet.allLogs(of: "n1", LogQuestion(container: "wbe")) }
        let number = try await agent.question().number
        #expect(await agent.show("init\nweb\n", LogPart(request: number, number: 0, outcome: .unknown)) == .done)
        let error = await #expect(throws: FleetError.self) { try await text.value }
        #expect(error?.message == "n1 has no container 'wbe'; it has init, web")
        #expect(error?.code == .notFound)
    }

    @Test("Who asks for a machine that cannot answer hears why")
    func nobody() async throws {
        let machine = try await ReportingMachine()
        func reason(_ name: String) async -> String? {
            await #expect(throws: FleetError.self) { try await machine.fleet.allLogs(of: name, LogQuestion()) }?.message
        }
        #expect(await reason("n9") == "there is no machine 'n9'")
        #expect(await reason("n1") == "n1 is in no boot: it has had none; `muster why machine n1`")
        let early = try #require(await machine.fleet.ask(1).boot)
        let words = "its system has no agent that could be asked, or does not run yet"
        #expect(await reason("n1") == "the boot \(early.boot) of n1 shows no logs: \(words)")
        machine.fixture.fetch(early, number: 1)
        let token = try #require(await machine.takeSegment(early.boot))
        #expect(await machine.report("failed", of: early.boot, token: token, rest: #","reason":"no disk""#) == .done)
        try await machine.fixture.flush()
        #expect(
            await reason("n1") == "n1 is in no boot: its last one is over (failed: no disk); `muster why machine n1`"
        )
    }

    @Test("A machine that does not answer in 15 s is told of; one that stops answering ends the lines")
    func silent() async throws {
        let machine = try await ReportingMachine()
        let agent = try await Agent(machine)
        let desk = machine.fleet.authority.orders
        let first = Task { try await machine.fleet.allLogs(of: "n1", LogQuestion()) }
        _ = try await agent.question()
        let now = Moment.now().uptime
        desk.expire(now: now + .seconds(14))
        #expect(desk.questions == 1)
        desk.expire(now: now + .seconds(15))
        let error = await #expect(throws: FleetError.self) { try await first.value }
        #expect(error?.message == "n1 did not answer (15 s)")

        let second = Task { try await machine.fleet.allLogs(of: "n1", LogQuestion(follows: true)) }
        let (number, members) = try await agent.question()
        #expect(members["follow"] == .bool(true))
        #expect(await agent.show("a\n", LogPart(request: number, number: 0, outcome: .more)) == .done)
        desk.expire(now: Moment.now().uptime + .seconds(29))
        #expect(desk.questions == 1)
        desk.expire(now: Moment.now().uptime + .seconds(31))
        let end = await #expect(throws: FleetError.self) { try await second.value }
        #expect(end?.message == "n1 does not answer any more (30 s)")
        #expect(desk.questions == 0)
    }

    @Test("Who goes away while following leaves nothing behind, and the machine hears of it")
    func gone() async throws {
        let machine = try await ReportingMachine()
        let agent = try await Agent(machine)
        let reading = Task { try await machine.fleet.allLogs(of: "n1", LogQuestion(follows: true)) }
        let number = try await agent.question().number
        #expect(await agent.show("a\n", LogPart(request: number, number: 0, outcome: .more)) == .done)
        reading.cancel()
        _ = try? await reading.value
        #expect(await agent.show("b\n", LogPart(request: number, number: 1, outcome: .more)) == .unwanted)

        let early = Task { try await machine.fleet.allLogs(of: "n1", LogQuestion()) }
        _ = try await agent.question()
        early.cancel()
        await #expect(throws: CancellationError.self) { try await early.value }
        #expect(machine.fleet.authority.orders.questions == 0)
    }

    @Test("Who reads slower than the machine writes makes it wait")
    func slow() async throws {
        let machine = try await ReportingMachine()
        let agent = try await Agent(machine)
        async let lines = machine.fleet.logs(of: "n1", LogQuestion(follows: true))
        let number = try await agent.question().number
        var taken = 0
        while await agent.show("x\n", LogPart(request: number, number: taken, outcome: .more)) == .done { taken += 1 }
        #expect(taken == 32)
        var count = 0
        for try await _ in try await lines {
            count += 1
            if count == 1 {
                let next = LogPart(request: number, number: taken, outcome: .end)
                #expect(await agent.show("y\n", next) == .done)
            }
        }
        #expect(count == 33)
    }

    @Test("A question that was told and brought nothing is told again, for it may have been lost")
    func retold() async throws {
        let desk = OrderDesk(after: 0)
        let boot = BootID(milliseconds: 1_700_000_000_000)
        let told = Mutex<[String]>([])
        func poll(at seconds: Int) {
            desk.poll(boot, wait: .zero, now: .seconds(seconds)) { answer in
                guard case .state(let bytes) = answer else { return }
                told.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
            }
        }
        let reading = Task { try await desk.ask(LogQuestion(), of: "n1", in: boot, now: .seconds(100)) }
        while desk.questions == 0 { await Task.yield() }
        for time in [100, 101, 102, 103, 104] { poll(at: time) }
        let none = #"{"order":"none","id":0}"# + "\n"
        let question = #"{"order":"none","id":0,"logs":[{"request":1}]}"# + "\n"
        #expect(told.withLock { $0 } == [question, none, none, question, none])
        reading.cancel()
        _ = try? await reading.value
    }

    @Test("Ten thousand machines wait for orders; each is told once that there are none")
    func many() {
        let desk = OrderDesk()
        let answers = Mutex(0)
        for number in 0..<10_000 {
            desk.poll(BootID(milliseconds: UInt64(number)), wait: .seconds(25), now: .seconds(number / 1000)) { _ in
                answers.withLock { $0 += 1 }
            }
        }
        #expect(desk.waiting == 10_000 && answers.withLock { $0 } == 0)
        desk.expire(now: .seconds(29))
        #expect(desk.waiting == 5000 && answers.withLock { $0 } == 5000)
        desk.expire(now: .seconds(60))
        #expect(desk.waiting == 0 && answers.withLock { $0 } == 10_000)
    }

    @Test("Who asks for orders again gives up the older question")
    func replaced() {
        let desk = OrderDesk()
        let boot = BootID(milliseconds: 1)
        let answers = Mutex<[Int]>([])
        for number in 0..<3 {
            desk.poll(boot, wait: .seconds(25), now: .zero) { _ in answers.withLock { $0.append(number) } }
        }
        #expect(answers.withLock { $0 } == [0, 1])
        desk.expire(now: .seconds(25))
        #expect(answers.withLock { $0 } == [0, 1, 2])
    }
}
