import Build
import Inventory
import Mustache
import Vocabulary

/// Writes the files that a profile's templates make for one machine in one boot.
///
/// Mustache, without escaping: these are configuration files, not pages. A template has
///
///     machine: name, mac, macs, address, labels, uuid, serial, arch     profile: name
///     boot: id, image, url      values: the profile's, the machine's in front      secrets: by name
struct SegmentTemplates: Sendable {
    /// Bytes of a file at most.
    static let longest = 1 << 20

    /// What templates are filled with beside the secrets.
    struct Facts: Sendable {
        var machine: Machine
        var mac: MACAddress
        var address: IPv4Address?
        var profile: Profile
        var boot: BootID
        var image: Digest
        var server: Endpoint
    }

    /// Why a profile's files cannot be made; says nothing of what secrets hold.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Refuses templates that cannot be read, and secrets that nobody declared: a machine with an empty password would
    /// be found too late.
    static func check(_ profile: Profile) throws(Failure) {
        for file in profile.files {
            do {
                _ = try MustacheTemplate(string: text(of: file))
            } catch {
                throw Failure(description: "the template of \(file.path) in the profile '\(profile.name)': \(error)")
            }
            for name in secrets(in: file.template) where profile.secrets[name] == nil {
                throw Failure(
                    description:
                        "the template of \(file.path) in the profile '\(profile.name)' uses secrets.\(name), which "
                        + "is not among the profile's secrets:"
                )
            }
        }
    }

    /// - Parameter secrets: by name.
    static func render(_ facts: Facts, secrets: [String: String]) throws -> [MachineSegment.File] {
        let context = context(facts, secrets: secrets)
        return try facts.profile.files.map { file in
            let text = try MustacheTemplate(string: text(of: file)).render(context)
            guard text.utf8.count <= longest else {
                throw Failure(description: "\(file.path) is longer than \(longest) bytes")
            }
            return MachineSegment.File(path: file.path, permissions: file.mode, bytes: Array(text.utf8))
        }
    }

    private static func text(of file: Profile.File) -> String { "{{%CONTENT_TYPE:TEXT}}" + file.template }

    private static func context(_ facts: Facts, secrets: [String: String]) -> [String: Any] {
        let machine = facts.machine
        var described: [String: Any] = [
            "name": machine.name, "mac": "\(facts.mac)", "macs": machine.macs.map(\.description),
            "labels": machine.labels,
        ]
        described["address"] = (machine.address(of: facts.mac) ?? facts.address)?.description
        described["uuid"] = (machine.uuid ?? machine.facts?.uuid)?.description
        described["serial"] = machine.serial ?? machine.facts?.serial
        described["arch"] = (machine.architecture ?? machine.facts?.architecture)?.rawValue
        let values = facts.profile.values.merging(machine.values) { $1 }
        return [
            "machine": described, "profile": ["name": facts.profile.name],
            "boot": ["id": "\(facts.boot)", "image": facts.image.hex, "url": "http://\(facts.server)"],
            "values": values.compactMapValues(\.plain), "secrets": secrets,
        ]
    }

    /// The names in `{{secrets.NAME}}` and its likes.
    private static func secrets(in template: String) -> [String] {
        template.components(between: "{{", and: "}}").compactMap { tag in
            let name = tag.trimmed
            guard name.hasPrefix("secrets.") else { return nil }
            return String(name.dropFirst(8).prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" })
        }
    }
}

extension JSONValue {
    /// As Mustache takes values; null is not there.
    fileprivate var plain: Any? {
        switch self {
        case .null: nil
        case .bool(let value): value
        case .integer(let value): value
        case .number(let value): value
        case .string(let value): value
        case .array(let values): values.compactMap(\.plain)
        case .object(let values): values.compactMapValues(\.plain)
        }
    }
}

extension String {
    fileprivate func components(between open: String, and close: String) -> [Substring] {
        var found: [Substring] = []
        var rest = self[...]
        while let start = rest.firstRange(of: open), let end = rest[start.upperBound...].firstRange(of: close) {
            found.append(rest[start.upperBound..<end.lowerBound])
            rest = rest[end.upperBound...]
        }
        return found
    }
}

extension Substring {
    /// Without blanks and the signs that say what a tag is.
    fileprivate var trimmed: Substring { drop { " {&#^/".contains($0) } }
}
