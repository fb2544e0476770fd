import Control
import Vocabulary

/// Something that `muster get` lists.
protocol Listed: Codable {
    var listedName: String { get }
    /// - Parameter isWide: with the columns that only some people want.
    static func table(_ items: [Self], isWide: Bool, at now: Timestamp) -> Table
}

extension MachineView: Listed {
    var listedName: String { name }

    static func table(_ items: [MachineView], isWide: Bool, at now: Timestamp) -> Table {
        var table =
            isWide
            ? Table("NAME", "STATE", "PROFILE", "IMAGE", "BOOT", "AGE", "MAC", "ARCH", "LABELS", "SEEN", "NEXT")
            : Table("NAME", "STATE", "PROFILE", "IMAGE", "BOOT", "AGE")
        for item in items {
            let labels = item.labels.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }
            var cells = [
                item.name, item.state, item.profile ?? "", (item.images.running ?? item.images.next)?.short ?? "",
                item.boot?.state.rawValue ?? "", age(of: item.boot?.opened.timestamp, at: now),
            ]
            if isWide {
                cells += [
                    item.macs.map(\.description).joined(separator: ","), item.architecture?.rawValue ?? "",
                    labels.joined(separator: ","), age(of: item.lastSeen?.timestamp, at: now),
                    item.images.next?.short ?? "",
                ]
            }
            table.add(cells)
        }
        return table
    }
}

extension ProfileView: Listed {
    var listedName: String { name }

    static func table(_ items: [ProfileView], isWide: Bool, at now: Timestamp) -> Table {
        var table = Table("NAME", "IMAGE", "RELEASE", "MACHINES", "ADOPT", "HEALTH")
        for item in items {
            table.add([
                item.name, item.image.joined(separator: " "), item.release.map { "\($0)" } ?? "", "\(item.machines)",
                item.adopt, item.health,
            ])
        }
        return table
    }
}

extension ReleaseView: Listed {
    var listedName: String { "\(profile)/\(number)" }

    static func table(_ items: [ReleaseView], isWide: Bool, at now: Timestamp) -> Table {
        var table = Table("PROFILE", "RELEASE", "IMAGES", "AGE")
        for item in items {
            let images = item.images.sorted { $0.key < $1.key }
                .map { "\($0)=\(isWide ? $1.hex : $1.short)" }
            table.add([
                item.profile, "\(item.number)", images.joined(separator: " "),
                age(of: item.created.timestamp, at: now),
            ])
        }
        return table
    }
}

extension ImageView: Listed {
    var listedName: String { name }

    static func table(_ items: [ImageView], isWide: Bool, at now: Timestamp) -> Table {
        var table =
            isWide
            ? Table("NAME", "RELEASE", "ARCH", "DIGEST", "SIZE", "AGE", "CMDLINE")
            : Table("NAME", "RELEASE", "ARCH", "DIGEST", "SIZE", "AGE")
        for item in items {
            var cells = [
                item.name, "\(item.release)", item.architecture.rawValue, isWide ? item.digest.hex : item.digest.short,
                byteCount(item.size), age(of: item.created.timestamp, at: now),
            ]
            if isWide { cells.append(item.commandLine) }
            table.add(cells)
        }
        return table
    }
}

extension BootView: Listed {
    var listedName: String { id.rawValue }

    static func table(_ items: [BootView], isWide: Bool, at now: Timestamp) -> Table {
        var table =
            isWide
            ? Table("ID", "MACHINE", "STATE", "IMAGE", "AGE", "MAC", "PROFILE", "REASON")
            : Table("ID", "MACHINE", "STATE", "IMAGE", "AGE")
        for item in items {
            var cells = [
                item.id.rawValue, item.machine, item.state.rawValue, item.image.short,
                age(of: item.opened.timestamp, at: now),
            ]
            if isWide { cells += [item.mac.description, item.profile ?? "", item.reason ?? ""] }
            table.add(cells)
        }
        return table
    }
}

extension RolloutView: Listed {
    var listedName: String { "\(id)" }

    static func table(_ items: [RolloutView], isWide: Bool, at now: Timestamp) -> Table {
        var table =
            isWide
            ? Table("ID", "TITLE", "STATE", "STAGE", "DONE", "FAILED", "AGE", "WAITS")
            : Table("ID", "TITLE", "STATE", "STAGE", "DONE", "FAILED", "AGE")
        for item in items {
            let stage = item.stages.indices.contains(item.stage) ? item.stages[item.stage].name : ""
            var cells = [
                "\(item.id)", item.title, item.state.rawValue, item.state.isOver ? "" : stage,
                "\(item.done)/\(item.total)", "\(item.counts.failed)", age(of: item.began.timestamp, at: now),
            ]
            if isWide { cells.append(item.reason ?? item.waiting.first?.reason ?? "") }
            table.add(cells)
        }
        return table
    }
}

extension LeaseView: Listed {
    var listedName: String { address.description }

    static func table(_ items: [LeaseView], isWide: Bool, at now: Timestamp) -> Table {
        var table = Table("ADDRESS", "MAC", "MACHINE", "STATE", "EXPIRES", "HOSTNAME")
        for item in items {
            let left = item.expiry.timestamp - now
            let expires = left > .zero ? "in " + age(of: now, at: item.expiry.timestamp) : "over"
            table.add([
                item.address.description, item.mac.description, item.machine ?? "", item.state.rawValue, expires,
                item.hostName ?? "",
            ])
        }
        return table
    }
}

extension EventView: Listed {
    var listedName: String { "\(seq)" }

    /// As it is shown when it comes; with what caused it when there is room.
    func line(isWide: Bool) -> String {
        let line = "\(time)  \(kind)  \(subject)  \(Table.printable(message))"
        guard isWide else { return line }
        return "\(seq)  \(line)" + (cause.map { "  <- \(Table.printable($0))" } ?? "")
    }

    static func table(_ items: [EventView], isWide: Bool, at now: Timestamp) -> Table {
        var table =
            isWide
            ? Table("SEQ", "AGE", "KIND", "SUBJECT", "MESSAGE", "CAUSE") : Table("AGE", "KIND", "SUBJECT", "MESSAGE")
        for item in items {
            var cells = [age(of: item.time.timestamp, at: now), item.kind, item.subject, item.message]
            if isWide { cells = ["\(item.seq)"] + cells + [item.cause ?? ""] }
            table.add(cells)
        }
        return table
    }
}
