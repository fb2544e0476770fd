import Vocabulary

extension InventoryStore {
    /// Brings the inventory to what `resources` say, all of it or nothing.
    ///
    /// - Returns: what differed, in the order of the resources; nothing is written with `isDryRun`.
    /// - Throws: `InventoryError`: `.conflict` when two machines would have one MAC, address, UUID or serial, or when two
    ///   assignments would tie; `.invalidInput` when a profile that is named does not exist.
    @discardableResult
    public func apply(_ resources: [Resource], isDryRun: Bool = false) async throws -> [ResourceDiff] {
        try await commit(isDryRun: isDryRun) { try $0.apply(resources) }
    }

    /// Changes machines that exist, in one commit.
    ///
    /// - Throws: `InventoryError.Code.notFound` when one does not exist; nothing is changed then.
    @discardableResult
    public func updateMachines(
        _ names: [String],
        isDryRun: Bool = false,
        _ change: @escaping @Sendable (inout Machine) -> Void
    ) async throws -> [ResourceDiff] {
        try await commit(isDryRun: isDryRun) { transaction in
            var machines: [(old: Machine?, new: Machine)] = []
            for name in names {
                guard let old = try Machine.fetch(transaction.db, name: name) else {
                    throw InventoryTransaction.missing("machine", name)
                }
                var new = old
                change(&new)
                new.name = name
                machines.append((old, new))
            }
            try transaction.write(machines)
            try transaction.check()
        }
    }

    /// `muster set NAME… --state S`.
    @discardableResult
    public func setState(_ state: Machine.State, of names: [String]) async throws -> [ResourceDiff] {
        try await updateMachines(names) { $0.state = state }
    }

    /// `muster assign PROFILE NAME…`; nil leaves the machines to the assignments again.
    @discardableResult
    public func assign(_ profile: String?, to names: [String]) async throws -> [ResourceDiff] {
        try await updateMachines(names) { $0.profile = profile }
    }

    /// Makes a machine of one that waits. One that was rejected before becomes active again.
    ///
    /// - Parameter name: nil keeps its provisional name.
    @discardableResult
    public func accept(_ waiting: WaitingMachine, name: String? = nil, profile: String? = nil) async throws -> Machine {
        let name = try Self.valid(name ?? waiting.provisionalName)
        try await describe(waiting, name: name, state: .active, profile: profile)
        return try await self.machine(name) ?? Machine(name: name, nics: [.init(mac: waiting.mac)])
    }

    /// Turns a machine away: it is known, and boots nothing.
    @discardableResult
    public func reject(_ waiting: WaitingMachine) async throws -> [ResourceDiff] {
        try await describe(waiting, name: waiting.provisionalName, state: .rejected, profile: nil)
    }

    @discardableResult
    private func describe(
        _ waiting: WaitingMachine,
        name: String,
        state: Machine.State,
        profile: String?
    ) async throws -> [ResourceDiff] {
        try await commit { transaction in
            let old = try Machine.fetch(transaction.db, name: name)
            var machine = old ?? Machine(name: name, nics: [])
            if !machine.macs.contains(waiting.mac) { machine.nics.append(.init(mac: waiting.mac)) }
            machine.uuid = machine.uuid ?? waiting.uuid
            machine.serial = machine.serial ?? waiting.serial
            machine.architecture = machine.architecture ?? waiting.architecture
            machine.state = state
            machine.profile = profile ?? machine.profile
            try transaction.write([(old, machine)])
            try transaction.check()
        }
    }

    /// Records what machines said about themselves. Machines that are gone are passed over.
    public func record(_ facts: [String: MachineFacts]) async throws {
        try await commit { transaction in
            var machines: [(old: Machine?, new: Machine)] = []
            for (name, facts) in facts.sorted(by: { $0.key < $1.key }) {
                guard let old = try Machine.fetch(transaction.db, name: name) else { continue }
                var new = old
                new.facts = facts
                machines.append((old, new))
            }
            try transaction.write(machines)
        }
    }

    @discardableResult
    public func removeMachines(_ names: [String]) async throws -> [ResourceDiff] {
        try await commit { transaction in for name in names { try transaction.removeMachine(name) } }
    }

    /// - Throws: `InventoryError.Code.invalidInput` while a machine or an assignment names it.
    @discardableResult
    public func removeProfile(_ name: String) async throws -> [ResourceDiff] {
        try await commit { transaction in
            try transaction.removeProfile(name)
            try transaction.check()
        }
    }

    @discardableResult
    public func removeAssignment(_ identity: String) async throws -> [ResourceDiff] {
        try await commit { try $0.removeAssignment(identity) }
    }

    /// Makes the profile's next release of an image that was built of `source`, with those of other architectures that its
    /// newest has of the same source; or adds the image to the newest, where that was waiting for it.
    public func release(
        _ profile: String,
        built image: Digest,
        for architecture: Architecture,
        of source: Digest,
        at time: Timestamp
    ) async throws -> Release {
        let newest = try await releases(of: profile).last
        guard let newest, newest.source == source else {
            return try await release(profile, images: [architecture: image], source: source, at: time)
        }
        var images = newest.images
        images[architecture] = image
        let isAddition = newest.images[architecture] == nil
        return try await release(profile, images: images, source: source, at: time, extending: isAddition)
    }

    /// Makes the profile's next release of `images`, unless its newest has exactly these.
    ///
    /// - Parameters:
    ///   - source: what they were built of; nil when they were not.
    ///   - isExtending: they belong to the newest release, which only lacked some.
    @discardableResult
    public func release(
        _ profile: String,
        images: [Architecture: Digest],
        source: Digest? = nil,
        at time: Timestamp,
        extending isExtending: Bool = false
    ) async throws -> Release {
        guard !images.isEmpty else {
            throw InventoryError(.invalidInput, "a release of '\(profile)' needs an image")
        }
        try await commit { transaction in
            guard try Profile.fetch(transaction.db, name: profile) != nil else {
                throw InventoryTransaction.missing("profile", profile)
            }
            let newest = try Release.fetchAll(transaction.db).last { $0.profile == profile }
            if let newest, newest.images == images, newest.source == source { return }
            let number = (newest?.number ?? 0) + (isExtending && newest != nil ? 0 : 1)
            // Somebody made something new, and means it.
            if number != newest?.number { try transaction.mean(nil, for: profile) }
            try transaction.write(
                Release(profile: profile, number: number, images: images, created: time, source: source)
            )
        }
        guard let release = try await releases(of: profile).last else {
            throw InventoryError(.notFound, "the profile '\(profile)' was removed while it was released")
        }
        return release
    }

    /// Says which release a profile's machines are meant to have, those that come later too.
    ///
    /// - Parameter release: nil for the newest, whatever that becomes. The next new release makes it nil again.
    /// - Throws: `InventoryError.Code.notFound` when there is no such profile or release.
    public func mean(_ release: Int?, for profile: String) async throws {
        try await commit { transaction in
            if let release {
                let known = try Release.fetchAll(transaction.db).contains {
                    $0.profile == profile && $0.number == release
                }
                guard known else { throw InventoryTransaction.missing("release", "\(profile)@\(release)") }
            }
            try transaction.mean(release, for: profile)
        }
    }

    private static func valid(_ name: String) throws -> String {
        guard ResourceNames.isValid(name) else {
            throw InventoryError(.invalidInput, "found the name '\(name)', expected \(ResourceNames.expectation)")
        }
        return name
    }
}
