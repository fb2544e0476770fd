import ArgumentParser

/// `muster serve`
struct Serve: AsynchronousCommand, PreparingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run everything: the boot plane and the control plane."
    )

    enum Plane: String, ExpressibleByArgument, CaseIterable, Sendable { case boot, control }

    @OptionGroup var common: CommonOptions
    @OptionGroup var serving: ServingOptions

    @Option(help: "Run one of the planes alone.")
    var only: Plane?

    /// Becomes the configured user, while there is one thread.
    func prepare() throws {
        let configuration = try common.load(serving).configuration
        guard Account.isRoot, configuration.user != "root" else { return }
        let account = try Account(named: configuration.user)
        try DataOwnership.give(configuration.data, to: account)
        try account.become()
    }

    func run() async throws {
    }
}
