import ArgumentParser
import Control
import Foundation
import Inventory
import Vocabulary

/// What `describe` and `why` are asked about.
struct DescribedMachine: ParsableArguments, Sendable {
    @Argument(help: .init("Its name, or a MAC; `machine` may stand before it.", valueName: "name"))
    var words: [String]

    var name: String { words.last ?? "" }

    func validate() throws {
        guard words.count == 1 || words.count == 2, words.count == 1 || words[0] == "machine", words != ["machine"]
        else {
            throw ValidationError("found '\(words.joined(separator: " "))', expected a machine such as n12")
        }
        try Usage.check(names: [name])
    }
}

/// `muster describe`
struct DescribeCommand: ControlCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "A machine's state and history.",
        usage: "muster describe [machine] <name> [<options>]"
    )

    @OptionGroup var described: DescribedMachine
    @OptionGroup var common: CommonOptions

    func run(_ client: ControlClient) async throws {
        let description: MachineDescription = try await client.machine(described.name)
        if common.json { return try Terminal.print(json: description) }
        let now = Moment.now().wall
        Terminal.print(description.machine.fields(at: now))
        if !description.boots.isEmpty {
            Terminal.print("\nBoots:\n" + BootView.table(description.boots, isWide: true, at: now).text)
        }
        if !description.events.isEmpty {
            Terminal.print("\nEvents:\n" + EventView.table(description.events, isWide: false, at: now).text)
        }
    }
}

/// `muster why`
struct WhyCommand: ControlCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Why a machine gets the answer that it gets.",
        usage: "muster why [machine] <name> [<options>]"
    )

    @OptionGroup var described: DescribedMachine
    @OptionGroup var common: CommonOptions

    func run(_ client: ControlClient) async throws {
        let why: WhyView = try await client.why(described.name)
        if common.json { return try Terminal.print(json: why) }
        Terminal.print("\(why.machine): \(Table.printable(why.answer))")
        for reason in why.because { Terminal.print("  because " + Table.printable(reason)) }
        guard let boot = why.boot else { return }
        Terminal.print("\nBoot \(boot.id), \(boot.state.rawValue), image \(boot.image.short):")
        for step in boot.timeline {
            let since = (step.time.timestamp - boot.opened.timestamp).milliseconds
            let sign = since <= -100 ? "-" : "+"
            let seconds = "\(sign)\(abs(since) / 1000).\(abs(since) % 1000 / 100)s"
            Terminal.print("  \(step.time)  \(seconds)  \(step.stage)  \(Table.printable(step.detail))")
        }
    }
}

extension MachineView {
    /// How sure it is that the assigned image is well here.
    private var tries: String {
        if images.assigned == images.lastGood { return "proven" }
        return images.triesLeft == 1 ? "1 try left" : "\(images.triesLeft) tries left"
    }

    /// One line a field, aligned.
    fileprivate func fields(at now: Timestamp) -> String {
        func list(_ values: [String: some CustomStringConvertible], separator: String = "=") -> String {
            values.sorted { $0.key < $1.key }.map { "\($0)\(separator)\($1)" }.joined(separator: ", ")
        }
        let fields: [(String, String?)] = [
            ("Name", name),
            ("State", state),
            ("Profile", profile.map { $0 + (profileFrom.map { " (\($0))" } ?? "") }),
            ("MACs", macs.map(\.description).joined(separator: ", ")),
            ("Addresses", list(addresses, separator: " is ")),
            ("Labels", list(labels)),
            ("Architecture", architecture?.rawValue),
            ("UUID", uuid?.description),
            ("Serial", serial),
            ("Facts", facts.map { JSONValue.object($0).json }),
            ("Loader", loader),
            ("Desired", images.desired?.description),
            ("Assigned", images.assigned.map { "\($0) (\(tries))" }),
            ("Last good", images.lastGood?.description),
            ("Running", images.running?.description),
            ("Boots next", images.next?.description),
            ("Pinned", pinnedImage?.description),
            ("Reason", images.reason),
            ("Last seen", lastSeen.map { "\(age(of: $0.timestamp, at: now)) ago" }),
        ]
        let given = fields.compactMap { name, value in value.flatMap { $0.isEmpty ? nil : (name, $0) } }
        let width = given.map(\.0.count).max() ?? 0
        return given.map { name, value in
            name + ":" + String(repeating: " ", count: width - name.count + 2) + Table.printable(value)
        }.joined(separator: "\n")
    }
}
