import Fleet
import Inventory
import Vocabulary

extension FleetControlPlane {
    public func profiles() async throws -> [ProfileView] {
        fleet.snapshot.read { snapshot in
            var machines: [String: Int] = [:]
            for machine in snapshot.machines {
                let identity = MachineIdentity(mac: machine.macs.first)
                let name = snapshot.profileName(of: machine, identity: identity, address: nil)
                if let name = machine.profile ?? name { machines[name, default: 0] += 1 }
            }
            return snapshot.profiles.values.sorted { $0.name < $1.name }.map { profile in
                let release = snapshot.meantRelease(of: profile.name)?.number
                return ProfileView(profile, machines: machines[profile.name] ?? 0, release: release)
            }
        }
    }

    public func releases() async throws -> [ReleaseView] {
        let releases = try await explaining { try await fleet.withInventory { try await $0.releases() } }
        return releases.sorted { ($0.profile, $0.number) < ($1.profile, $1.number) }.map(ReleaseView.init)
    }

    public func images() async throws -> [ImageView] {
        do {
            return try fleet.images.list().map(ImageView.init)
        } catch {
            throw ControlError(.unavailable, "\(error)")
        }
    }

    public func boots(of names: [String], limit: Int) async throws -> [BootView] {
        try await explaining {
            var boots: [BootRecord] = []
            if names.isEmpty { boots = try await fleet.records.boots(limit: limit) }
            for name in try NameRange.expand(names) {
                boots += try await fleet.records.boots(machine: name, limit: limit)
            }
            var views: [BootView] = []
            for boot in boots.sorted(by: { $0.id > $1.id }).prefix(limit) {
                views.append(BootView(boot, timeline: try await fleet.records.timeline(of: boot.id)))
            }
            return views
        }
    }

    public func leases() async throws -> [LeaseView] {
        try await explaining {
            let leases = try await fleet.records.leases()
            return fleet.snapshot.read { snapshot in
                leases.map { LeaseView($0, machine: snapshot.machine(mac: $0.mac)?.name) }
            }
        }
    }

    public func events(after seq: Int64?, limit: Int) async throws -> [EventView] {
        try await explaining { try await fleet.records.events(since: seq, limit: limit).map(EventView.init) }
    }
}
