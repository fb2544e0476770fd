/// A log that can be asked for: a container's, or our own.
struct LogSource {
    /// What runc and containerd call the container: `000-dhcp`, `web`; `init` for our own.
    let identifier: String
    /// What people call it.
    let name: String
    let log: () -> LogRing

    /// Those that are meant by a name, or all.
    /// - Parameter name: an identifier, else a name, which two containers may share.
    static func chosen(_ name: String?, of all: [LogSource]) -> [LogSource] {
        guard let name else { return all }
        let exact = all.filter { $0.identifier == name }
        return exact.isEmpty ? all.filter { $0.name == name } : exact
    }

    /// What each is called so that it is nobody else.
    static func labels(_ sources: [LogSource]) -> [String] {
        sources.map { source in
            sources.filter { $0.name == source.name }.count > 1 ? source.identifier : source.name
        }
    }
}
