import ArgumentParser
import Control
import Vocabulary

extension Share: ExpressibleByArgument {}
extension TimeSpan: ExpressibleByArgument {}
extension RollSpec.Reboot: ExpressibleByArgument {}
extension RollSpec.FailureAction: ExpressibleByArgument {}

/// What is to be rolled, and how: what `muster roll` and `muster plan` take.
struct RollFlags: ParsableArguments, Sendable {
    @Argument(help: "The profile.")
    var profile: String?

    @Argument(help: "Only these of its machines; names take ranges such as n[1-40].")
    var names: [String] = []

    @Option(
        name: .customLong("profile"),
        help: .init("The profile, when it is called like a command.", valueName: "name")
    )
    var namedProfile: String?

    @Option(name: .shortAndLong, help: .init("Only its machines with these labels.", valueName: "key=value,…"))
    var label: String?

    @Option(help: .init("The release, not the one that the profile is meant to have.", valueName: "number"))
    var to: Int?

    @Option(help: .init("Machines that go first.", valueName: "n|n%"))
    var canary: Share?

    @Option(help: .init("How much has had its turn after each wave.", valueName: "5%,25%,…"))
    var waves: String?

    @Option(help: .init("Machines that may be unavailable at once.", valueName: "n|n%"))
    var maxUnavailable: Share?

    @Option(help: .init("The same for each value of a label; may be repeated.", valueName: "label=n|n%"))
    var per: [String] = []

    @Option(help: .init("How long each stage is watched, such as 10m.", valueName: "time"))
    var bake: TimeSpan?

    @Option(help: .init("More failures than these stop it.", valueName: "n|n%"))
    var maxFailures: Share?

    @Option(help: .init("hold or rollback.", valueName: "action"))
    var onFailure: RollSpec.FailureAction?

    @Option(help: .init("How long a machine must stay healthy to count.", valueName: "time"))
    var minHealthy: TimeSpan?

    @Option(help: .init("Boots that a machine gets before it goes back.", valueName: "n"))
    var tries: Int?

    @Option(help: .init("auto, or none: machines take it when they reboot by themselves.", valueName: "how"))
    var reboot: RollSpec.Reboot?

    func validate() throws { _ = try request() }

    /// - Throws: `ValidationError` for what no roll can be.
    func request() throws -> RolloutRequest {
        let names = namedProfile == nil ? names : (profile.map { [$0] } ?? []) + names
        guard let profile = namedProfile ?? profile else { throw ValidationError("name the profile") }
        guard names.isEmpty || label == nil else {
            throw ValidationError("name the machines, or select them with -l; one of the two")
        }
        try Usage.check(names: names, selector: label)
        if let to, to < 1 { throw ValidationError("--to: found \(to), expected a release's number, 1 or more") }
        if let tries, !(1...100).contains(tries) {
            throw ValidationError("--tries: found \(tries), expected a number from 1 to 100")
        }
        let selects = !names.isEmpty || label != nil
        return RolloutRequest(
            profile: profile,
            release: to,
            machines: selects ? MachineSelection(names: names, selector: label) : nil,
            options: try overrides()
        )
    }

    /// nil when no flag says anything.
    private func overrides() throws -> RolloutOverrides? {
        var overrides = RolloutOverrides()
        overrides.canary = canary
        overrides.waves = try waves.map(Self.shares)
        overrides.maxUnavailable = maxUnavailable
        overrides.per = per.isEmpty ? nil : try Self.limits(per)
        overrides.bake = bake
        overrides.maxFailures = maxFailures
        overrides.onFailure = onFailure
        overrides.minHealthy = minHealthy
        overrides.tries = tries
        overrides.reboot = reboot
        return overrides == RolloutOverrides() ? nil : overrides
    }

    private static func shares(_ text: String) throws -> [Share] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let share = Share(String(part)) else {
                throw ValidationError("--waves: found '\(part)', expected numbers or percentages such as 5%,25%,100%")
            }
            return share
        }
    }

    private static func limits(_ texts: [String]) throws -> [String: Share] {
        var limits: [String: Share] = [:]
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let share = Share(String(parts[1])) else {
                throw ValidationError("--per: found '\(text)', expected a label and a number, such as rack=1")
            }
            guard limits.updateValue(share, forKey: String(parts[0])) == nil else {
                throw ValidationError("--per: \(parts[0]) is said twice")
            }
        }
        return limits
    }
}
