import Foundation
import Inventory
import Synchronization
import Testing
import Vocabulary

@testable import Fleet

/// A desk with short times, and what it says.
final class PowerFixture: Sendable {
    let directory = TemporaryDirectory()
    let desk: PowerDesk
    let book: BootBook
    let orders = OrderDesk(after: 0)
    private let said: Said

    private final class Said: Sendable { let rows = Mutex<[LedgerRow]>([]) }

    init(_ change: (inout PowerDesk.Configuration) -> Void = { _ in }) throws {
        let said = Said()
        self.said = said
        book = BootBook(downloads: .init(concurrent: 10)) { _, _ in }
        var configuration = PowerDesk.Configuration(memory: directory.path + "/bmc")
        configuration.timing.deadline = .seconds(60)
        configuration.timing.grace = .milliseconds(200)
        configuration.timing.settle = .seconds(5)
        configuration.timing.poll = .milliseconds(10)
        configuration.timing.retry = .milliseconds(10)
        configuration.timing.connect = .seconds(5)
        configuration.timing.read = .seconds(10)
        change(&configuration)
        desk = PowerDesk(configuration, book: book, orders: orders) { rows in said.rows.withLock { $0 += rows } }
        try secret("\(FakeBMC.user):\(FakeBMC.password)")
    }

    /// What is in the file that `credentials` names.
    func secret(_ text: String) throws {
        try Data("\(text)\n".utf8).write(to: URL(fileURLWithPath: directory.path + "/secret"))
    }

    var credentials: JSONValue { .string("file:\(directory.path)/secret") }

    func machine(_ bmc: [String: JSONValue]) -> Machine {
        let nics: [Machine.NIC] = [.init(mac: mac(1)), .init(mac: mac(1, card: 1))]
        return Machine(name: "n1", nics: nics, uuid: MachineUUID(FakeBMC.uuid), bmc: bmc)
    }

    /// As if the machine had asked for a script.
    func beginBoot() {
        book.contents.withLock { $0.slot(of: "n1").state.bootEpoch += 1 }
    }

    func machine(at bmc: FakeBMC, _ more: [String: JSONValue] = [:]) -> Machine {
        let fields: [String: JSONValue] = [
            "redfish": .string("\(bmc.isSecure ? "https" : "http")://127.0.0.1:\(bmc.port)"),
            "credentials": credentials, "insecure": .bool(!bmc.isSecure),
        ]
        return machine(fields.merging(more) { $1 })
    }

    func perform(_ action: PowerAction, at bmc: FakeBMC, _ more: [String: JSONValue] = [:]) async -> PowerResult {
        await desk.perform(action, on: machine(at: bmc, more))
    }

    /// Events as kind and message.
    var events: [(kind: String, message: String)] {
        said.rows.withLock { rows in
            rows.compactMap { row in
                if case .event(let event) = row { (event.kind, event.message) } else { nil }
            }
        }
    }

    /// Everything that the desk wrote or said anywhere.
    var traces: String {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: desk.memory.directory)) ?? []
        let texts = files.map { (try? String(contentsOfFile: "\(desk.memory.directory)/\($0)", encoding: .utf8)) ?? "" }
        return (texts + events.map(\.message)).joined(separator: "\n")
    }
}
