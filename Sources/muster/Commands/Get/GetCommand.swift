import ArgumentParser
import Control
import Foundation
import Vocabulary
import Yams

#if canImport(Glibc)
import Glibc
#endif

/// `muster get`
struct GetCommand: ControlCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "List machines, profiles, releases, images, boots, rollouts, leases or events.",
        discussion: """
            With -w it is shown again as things change, in its place on a terminal, until Ctrl-C; events go on as they \
            come. A server that goes away is waited for.
            """
    )

    enum Kind: String, ExpressibleByArgument, CaseIterable, Sendable {
        case machines, profiles, releases, images, boots, rollouts, leases, events

        /// The singular too: `muster get machine`.
        init?(argument: String) {
            guard let kind = Self(rawValue: argument) ?? Self(rawValue: argument + "s") else { return nil }
            self = kind
        }
    }

    enum Format: String, ExpressibleByArgument, CaseIterable, Sendable { case wide, json, yaml, name }

    @Argument(help: "What to list.")
    var kind: Kind

    @Argument(help: "Only these machines; names take ranges such as n[1-40].")
    var names: [String] = []

    @Option(name: .shortAndLong, help: .init("Only machines with these labels.", valueName: "key=value,…"))
    var label: String?

    @Option(name: .shortAndLong, help: "How to print it.")
    var output: Format?

    @Flag(name: .shortAndLong, help: "Print again, or go on, as things change.")
    var watch = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if label != nil, kind != .machines { throw ValidationError("-l selects machines only") }
        if !names.isEmpty, kind != .machines, kind != .boots {
            throw ValidationError("names select machines and their boots only")
        }
        try Usage.check(names: names, selector: label)
    }

    func run(_ client: ControlClient) async throws {
        if kind == .events, watch { return try await watchEvents(client) }
        if kind == .machines || kind == .rollouts, let notice = try await client.freezeNotice() {
            Terminal.warn(Table.printable(notice))
        }
        guard watch else { return Terminal.print(try await text(client)) }
        var shown: String?
        var painter = Repainter()
        func show() async throws {
            let next = try await text(client)
            if isTable, let window = Terminal.window(of: STDOUT_FILENO) {
                let lines = next.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                Terminal.print(painter.paint(lines, in: window), terminator: "")
            } else if next != shown {
                Terminal.print((shown == nil ? "" : "\n") + next)
            }
            shown = next
        }
        try await show()
        try await client.events { _ in try await show() }
    }

    /// What is drawn again in its place where that is possible.
    private var isTable: Bool { !common.json && (output == nil || output == .wide) }

    private func watchEvents(_ client: ControlClient) async throws {
        let format = common.json ? .json : output
        try await client.events { events in
            for event in events { Terminal.print(try line(event, format), terminator: "") }
        }
    }

    private func line(_ event: EventView, _ format: Format?) throws -> String {
        switch format {
        case .json?: try Terminal.json(event, pretty: false) + "\n"
        case .name?: "\(event.seq)\n"
        case .yaml?: "---\n" + (try YAMLEncoder().encode(event))
        case .wide?, nil: event.line(isWide: format == .wide) + "\n"
        }
    }

    private func text(_ client: ControlClient) async throws -> String {
        switch kind {
        case .machines: try await list(client, "machines" + selection.query, of: MachineView.self)
        case .profiles: try await list(client, "profiles", of: ProfileView.self)
        case .releases: try await list(client, "releases", of: ReleaseView.self)
        case .images: try await list(client, "images", of: ImageView.self)
        case .boots: try await list(client, "boots" + selection.query, of: BootView.self)
        case .rollouts: try await list(client, "rollouts", of: RolloutView.self)
        case .leases: try await list(client, "leases", of: LeaseView.self)
        case .events: try await list(client, "events", of: EventView.self)
        }
    }

    private var selection: MachineSelection { MachineSelection(names: names, selector: label) }

    private func list<Item: Listed>(_ client: ControlClient, _ path: String, of: Item.Type) async throws -> String {
        let items: [Item] = try await client.get("/v1/" + path)
        return switch common.json ? .json : output {
        case .json?: try Terminal.json(items)
        case .yaml?: try YAMLEncoder().encode(items).trimmingCharacters(in: .newlines)
        case .name?: items.map(\.listedName).joined(separator: "\n")
        case .wide?: Item.table(items, isWide: true, at: Moment.now().wall).text
        case nil: Item.table(items, isWide: false, at: Moment.now().wall).text
        }
    }
}
