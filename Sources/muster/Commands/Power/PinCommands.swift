import ArgumentParser
import Control
import Vocabulary

/// `muster pin`
struct PinCommand: ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Have machines keep an image: no roll touches them until `muster unpin`.",
        discussion: """
            The last word is the image when no machine is called so: a digest or its first digits, an image's name, or \
            a release such as web@41. Without one each machine keeps what it runs.
            """
    )

    @Argument(help: "Machines, and then the image.")
    var words: [String]

    @Option(help: .init("The image, where a machine is called like it.", valueName: "image"))
    var image: String?

    @OptionGroup var change: ChangeOptions
    @OptionGroup var common: CommonOptions

    func validate() throws { try Usage.check(names: image == nil && words.count > 1 ? words.dropLast() : words) }

    func run(_ client: ControlClient) async throws {
        var request = PinRequest(names: words, image: image)
        if image == nil, let last = words.last, words.count > 1, try await !isMachine(last, client) {
            request = PinRequest(names: words.dropLast(), image: last)
        }
        try await Terminal.print(client.post("/v1/pin", request), asJSON: common.json)
    }

    private func isMachine(_ word: String, _ client: ControlClient) async throws -> Bool {
        do {
            let _: [MachineView] = try await client.get("/v1/machines" + MachineSelection(names: [word]).query)
            return true
        } catch let error as ClientError where error.status == ControlError.Code.notFound.status {
            return false
        }
    }
}

/// `muster unpin`
struct UnpinCommand: ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin",
        abstract: "Let rolls have machines again."
    )

    @Argument(help: "Machines; names take ranges such as n[1-40].")
    var names: [String]

    @OptionGroup var change: ChangeOptions
    @OptionGroup var common: CommonOptions

    func validate() throws { try Usage.check(names: names) }

    func run(_ client: ControlClient) async throws {
        try await Terminal.print(client.post("/v1/unpin", UnpinRequest(names: names)), asJSON: common.json)
    }
}

/// `muster rescue`
struct RescueCommand: ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "rescue",
        abstract: "Give machines the rescue image when they boot next, until --end."
    )

    @Argument(help: "Machines; names take ranges such as n[1-40].")
    var names: [String]

    @Flag(help: "They get again what they are assigned.")
    var end = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var common: CommonOptions

    func validate() throws { try Usage.check(names: names) }

    func run(_ client: ControlClient) async throws {
        let request = RescueRequest(names: names, ends: end)
        try await Terminal.print(client.post("/v1/rescue", request), asJSON: common.json)
    }
}
