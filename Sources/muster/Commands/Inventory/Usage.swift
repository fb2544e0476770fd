import ArgumentParser
import Inventory
import Vocabulary

/// What can be said against names and selectors without asking the server: bad usage, status 64.
enum Usage {
    /// - Parameters:
    ///   - names: names, ranges or MACs.
    ///   - selector: what follows `-l`.
    /// - Throws: `ValidationError` with what was found and what was expected.
    static func check(names: [String], selector: String? = nil) throws {
        do {
            for name in try NameRange.expand(names) where name.contains(":") && MACAddress(name) == nil {
                throw ValidationError("found '\(name)', expected a MAC such as 52:54:00:12:34:56, or a machine's name")
            }
            _ = try selector.map(LabelSelector.init)
        } catch let error as InventoryError {
            throw ValidationError(error.message)
        }
    }
}
