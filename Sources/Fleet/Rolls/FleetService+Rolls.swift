import Inventory
import Rollout
import Vocabulary

/// What people do with rolls. Each call returns when it is written.
extension FleetService {
    private static let early = FleetError(.unavailable, "no roll can be driven yet")

    /// What a roll would do now. Changes nothing.
    public func preview(_ ask: RollAsk) async throws -> RollPreview { throw Self.early }
    /// Starts a roll.
    ///
    /// - Throws: `FleetError.Code.refused` with every reason.
    public func roll(_ ask: RollAsk) async throws -> RollProgress { throw Self.early }
    /// Does what a person said.
    public func perform(_ command: RollCommand, on roll: RollID) async throws -> RollProgress { throw Self.early }
    /// The newest first, past ones too.
    public func rolls(limit: Int) async throws -> [RollProgress] { [] }
    public func progress(of roll: RollID) async throws -> RollProgress { throw Self.early }
    /// The part that a machine has in a roll now, or had in its last one.
    public func rollPart(of machine: String) -> RollMember? { nil }

    /// Why nothing is granted and nobody's power is touched; nil when it may be.
    public var freeze: FleetRows.Freeze? { nil }
    public func freeze(_ reason: String) async throws { throw Self.early }
    public func thaw() async throws { throw Self.early }

    /// Holds machines on an image, whatever their profile becomes, and grants it at once.
    ///
    /// - Parameter image: nil for what each was last good on.
    public func pin(_ names: [String], to image: Digest?) async throws { throw Self.early }
    public func unpin(_ names: [String]) async throws { throw Self.early }
    /// The machines' next boots get the rescue image; with `ends`, what they are assigned again.
    public func rescue(_ names: [String], ends: Bool) async throws { throw Self.early }
    /// Why these machines may not be made unavailable now: budgets, ceilings, a freeze; nil when they may.
    public func refusalToTakeDown(_ names: [String]) -> String? { nil }
}
