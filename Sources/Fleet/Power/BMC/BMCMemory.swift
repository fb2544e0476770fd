import Foundation
import Inventory
import Synchronization
import Vocabulary

/// What was learned of management controllers, a file each, so that a restart forgets nothing: `10.0.9.12_443.json`. Who
/// removes the file of one lets it be learned anew, its certificate too.
///
/// Thread-safe.
final class BMCMemory: Sendable {
    struct Entry: Hashable, Sendable, Codable {
        /// The certificate that it showed first.
        var certificate: Digest?
        /// Who made it, as it says.
        var vendor: String?
        /// It has let us in by a session: a password is not sent to it otherwise any more.
        var hasSessions = false
        /// The form of a boot override that held.
        var override: BootOverride?
        /// The cipher suite with which IPMI worked.
        var cipher: Int?
        /// The way of resetting a machine after which it asked for a boot.
        var reset: String?
        /// By machine: how it was reset and has not asked for a boot since.
        var trials: [String: ResetTrial]?
    }

    let directory: String
    private let entries = Mutex<[String: Entry]>([:])

    init(directory: String) { self.directory = directory }

    /// - Throws: `PowerFailure` when there is a file, and it cannot be read: what is in it must not be passed over.
    func entry(of controller: String) throws -> Entry {
        let path = path(of: controller)
        var entry = Entry()
        let isThere = FileManager.default.fileExists(atPath: path)
        let known = entries.withLock { entries in
            // Whoever removed the file wants it forgotten.
            if !isThere { entries[controller] = nil }
            return entries[controller]
        }
        if let known { return known }
        if isThere {
            guard let data = FileManager.default.contents(atPath: path),
                let read = try? JSONDecoder().decode(Entry.self, from: data)
            else {
                throw PowerFailure("\(path) cannot be read; remove it to believe what \(controller) shows next")
            }
            entry = read
        }
        return entries.withLock { entries in
            let known = entries[controller] ?? entry
            entries[controller] = known
            return known
        }
    }

    /// A controller shows a certificate: the first one is believed from now on.
    ///
    /// - Returns: the one that is believed, and whether it is so only now.
    func pin(_ certificate: Digest, of controller: String) -> (believed: Digest, isNew: Bool) {
        entries.withLock { entries in
            if let known = entries[controller]?.certificate { return (known, false) }
            entries[controller, default: Entry()].certificate = certificate
            return (certificate, true)
        }
    }

    /// Writes down what `body` changes.
    ///
    /// - Throws: `PowerFailure` when it cannot be written.
    func change(_ controller: String, _ body: (inout Entry) -> Void) throws {
        let entry = entries.withLock { entries in
            body(&entries[controller, default: Entry()])
            return entries[controller, default: Entry()]
        }
        let path = path(of: controller)
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            let data = try encoder.encode(entry)
            guard FileManager.default.contents(atPath: path) != data else { return }
            try data.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw PowerFailure("\(path) cannot be written: \(error.localizedDescription)")
        }
    }

    func path(of controller: String) -> String {
        "\(directory)/\(controller.replacing(":", with: "_")).json"
    }
}
