import Foundation
internal import GRDB
import Vocabulary

/// What a profile's machines are meant to run, read from the database of a data directory while a server may be running
/// on it.
public struct ProfileImages: Hashable, Sendable {
    /// Of the newest release, by architecture; empty when nothing was released.
    public var released: [Architecture: Digest]
    /// What the profile says.
    public var image: Profile.Image

    /// nil when there is no such profile, or no inventory at all.
    /// - Throws: `InventoryError` for a database that cannot be read.
    public init?(of profile: String, dataDirectory: String) throws {
        let path = "\(dataDirectory)/inventory.sqlite"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let file = DatabaseFile(path: path, subject: "inventory")
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            let found = try DatabaseQueue(path: path, configuration: configuration).read { database in
                try Profile.fetch(database, name: profile).map { found in
                    (found, try Release.fetchAll(database).last { $0.profile == profile })
                }
            }
            guard let found else { return nil }
            image = found.0.image
            released = found.1?.images ?? [:]
        } catch {
            throw file.explain(error, while: "read")
        }
    }
}
