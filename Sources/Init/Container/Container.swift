/// One container of the image, as it lies in the machine's root.
final class Container {
    enum Section: String { case onboot, onshutdown, services }

    /// The directory's name, `000-sysctl` or `web`: what runc and containerd know it by.
    let identifier: String
    /// Absolute; holds `config.json` and `rootfs`.
    let directory: String
    let section: Section
    let actions: RuntimeActions
    let settings: SupervisionSettings
    var log = LogRing()

    init(identifier: String, section: Section, actions: RuntimeActions, settings: SupervisionSettings) {
        self.identifier = identifier
        self.section = section
        self.actions = actions
        self.settings = settings
        directory = "/containers/\(section.rawValue)/\(identifier)"
    }

    var rootFileSystem: String { directory + "/rootfs" }

    /// What people call it: without the number of its turn.
    var name: String {
        let bytes = Array(identifier.utf8)
        guard section != .services, bytes.count > 4, bytes[..<3].allSatisfy({ $0.isDigit }),
            bytes[3] == UInt8(ascii: "-")
        else { return identifier }
        return String(Array(bytes[4...]))
    }

    /// What it wrote last, for a sentence about its end; empty when there is nothing.
    /// - Parameter passed: lines that belong to earlier lives.
    func lastWords(after passed: Int = 0) -> String {
        guard let line = log.last(1, after: passed).first, !line.isEmpty else { return "" }
        return ": \(String(line))"
    }

    /// Those of a section, in their order. What is wrong with one is said, and it stays out.
    static func all(_ section: Section, console: Console) -> [Container] {
        let directory = "/containers/\(section.rawValue)"
        return FileSystem.names(in: directory).compactMap { identifier in
            do throws(InitError) {
                let path = "\(directory)/\(identifier)"
                guard FileSystem.exists(path + "/config.json") else { return nil }
                var actions = RuntimeActions()
                if FileSystem.exists(path + "/runtime.json") {
                    actions = try RuntimeActions(parsing: FileSystem.read(path + "/runtime.json", limit: 1 << 20))
                }
                var settings = SupervisionSettings()
                if FileSystem.exists(path + "/muster.json") {
                    settings = try SupervisionSettings(parsing: FileSystem.read(path + "/muster.json", limit: 1 << 20))
                }
                return Container(identifier: identifier, section: section, actions: actions, settings: settings)
            } catch {
                console.say("\(directory)/\(identifier): \(error.message)")
                return nil
            }
        }
    }
}
