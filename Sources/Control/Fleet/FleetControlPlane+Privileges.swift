import Build
import Fleet
import Inventory

extension FleetControlPlane {
    /// Keeps callers below admin from changing what runs programs or reads secrets and files on the server.
    ///
    /// Only what would change counts: an operator applies a directory that an admin applied before.
    /// - Throws: `ControlError` `.forbidden` with the resource and what is in it.
    func checkPrivileges(_ resources: [Resource]) async throws {
        guard let caller = Caller.current, (caller.role ?? .viewer) < .admin else { return }
        let privileged = resources.compactMap { resource in resource.privilege.map { (resource, $0) } }
        guard !privileged.isEmpty else { return }
        let differences = try await fleet.apply(resources, isDryRun: true).differences
        for (resource, privilege) in privileged {
            guard differences.contains(where: { ($0.kind, $0.name) == (resource.kind, resource.name) }) else {
                continue
            }
            try caller.refuse("applying \(resource.kind) \(resource.name), which \(privilege),", needs: .admin)
        }
    }
}

extension Resource {
    /// What it does on the server that takes an admin; nil for nothing.
    fileprivate var privilege: String? {
        switch self {
        case .profile(let profile):
            profile.fileRead ?? profile.document["secrets"]?.privilege("secrets")
                ?? profile.document["rollout"]?.privilege("rollout")
        case .machine(let resource): resource.machine.document["bmc"]?.privilege("bmc")
        case .assignment: nil
        }
    }
}

extension Profile {
    /// A file of the server's that its image is made with.
    fileprivate var fileRead: String? {
        guard case .definitions(let paths) = image else { return nil }
        let sources = paths.compactMap { path in definitions[path].map { Definition.Source(path: path, text: $0) } }
        // What is wrong with a definition is the build's to say.
        guard let definition = try? Definition(reading: sources, variables: Variables(vars)) else { return nil }
        for file in definition.files {
            if case .source(let path) = file.content { return "reads \(path) on the server" }
        }
        return nil
    }
}

extension JSONValue {
    /// What a value of gates, drain hooks, BMCs or secrets makes the server do: keys that name programs, and references
    /// to secrets.
    fileprivate func privilege(_ place: String) -> String? {
        switch self {
        case .object(let values):
            for (key, value) in values.sorted(by: { $0.key < $1.key }) {
                if ["command", "exec"].contains(key) { return "runs a program on the server (\(place).\(key))" }
                if let found = value.privilege("\(place).\(key)") { return found }
            }
            return nil
        case .array(let values): return values.lazy.compactMap { $0.privilege(place) }.first
        case .string(let text):
            let isReference = ["env:", "file:", "command:"].contains { text.hasPrefix($0) }
            return isReference ? "reads a secret on the server (\(place))" : nil
        case .null, .bool, .integer, .number: return nil
        }
    }
}
