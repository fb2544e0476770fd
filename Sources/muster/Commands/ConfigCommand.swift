import ArgumentParser

/// `muster config`
struct ConfigCommand: ParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Print the effective configuration, and where each value came from."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var serving: ServingOptions

    func run() throws {
        let effective = try common.load(serving)
        for variable in effective.strayVariables {
            Terminal.warn("the environment has \(variable), which is no setting")
        }
        if common.json {
            try Terminal.print(json: effective)
        } else {
            Terminal.print(effective.yaml, terminator: "")
        }
    }
}
