import Vocabulary

// A change in the snapshot file. Profiles and assignments are documents, as people write them; machines are packed,
// because there are many. A change here needs a new `SnapshotFile.magic`, unless it only adds a kind.

extension ByteWriter {
    mutating func append(_ change: InventoryChange) {
        switch change {
        case .machine(let machine):
            append(0)
            append(machine)
        case .machineRemoved(let name):
            append(1)
            append(name)
        case .profile(let profile):
            append(2)
            append(profile.document.json)
        case .profileRemoved(let name):
            append(3)
            append(name)
        case .assignment(let assignment):
            append(4)
            append(assignment.document.json)
        case .assignmentRemoved(let identity):
            append(5)
            append(identity)
        case .release(let release):
            append(6)
            append(release)
        case .meant(let profile, let release):
            append(7)
            append(profile)
            append(optional: release) { $0.append($1) }
        }
    }

    private mutating func append(_ release: Release) {
        append(release.profile)
        append(release.number)
        append(UInt64(bitPattern: release.created.milliseconds))
        append(optional: release.source) { $0.append($1) }
        append(release.images.count)
        for (architecture, image) in release.images {
            append(architecture.rawValue)
            append(image)
        }
    }
}

extension ByteReader {
    /// - Throws: `Malformed`, or what is wrong with a document.
    mutating func change() throws -> InventoryChange {
        switch try integer() {
        case 0: return .machine(try machine())
        case 1: return .machineRemoved(name: try text())
        case 2: return .profile(try Profile(document: try text()))
        case 3: return .profileRemoved(name: try text())
        case 4: return .assignment(try Assignment(document: try text()))
        case 5: return .assignmentRemoved(identity: try text())
        case 6: return .release(try release())
        case 7:
            let profile = try text()
            let number = try optional { r throws(Malformed) in try r.integer() }
            return .meant(profile: profile, release: number.map { Int(clamping: $0) })
        default: throw Malformed()
        }
    }

    private mutating func release() throws(Malformed) -> Release {
        let profile = try text()
        guard let number = Int(exactly: try integer()) else { throw Malformed() }
        let created = Timestamp(milliseconds: Int64(bitPattern: try integer()))
        let source = try optional { r throws(Malformed) in try r.digest() }
        var images: [Architecture: Digest] = [:]
        for _ in 0..<(try count()) { images[Architecture(rawValue: try text())] = try digest() }
        return Release(profile: profile, number: number, images: images, created: created, source: source)
    }
}
