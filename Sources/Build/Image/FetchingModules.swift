import Vocabulary

/// Which of a kernel's modules a machine needs before it has its root: for network cards of servers, and for mounting what
/// it fetches.
///
/// Made of what depmod wrote (modules.dep(5), modules.softdep, modules.alias); paths are relative to the kernel's
/// directory, names are the kernel's own, with underscores.
struct FetchingModules {
    private struct Module {
        var path: String
        var dependencies: [String]
    }

    /// The directories of whatever a network card may need to work.
    private static let directories = [
        "/drivers/net/ethernet/", "/drivers/net/phy/", "/drivers/net/mdio/", "/drivers/net/pcs/",
        "/drivers/net/hyperv/", "/drivers/net/vmxnet3/", "/drivers/virtio/", "/drivers/pci/controller/",
    ]
    private static let names = ["virtio_net", "xen_netfront", "af_packet", "loop", "overlay", "dm_mod", "dm_verity"]
    /// Hashes that file systems and dm-verity ask for by other names.
    private static let hashes = ["sha256", "crc32c"]

    private var modules: [String: Module] = [:]
    private var preceding: [String: [String]] = [:]
    /// Names that are part of the kernel itself; nil when nobody says.
    private let builtin: Set<String>?

    /// - Parameters:
    ///   - dependencies: `modules.dep`.
    ///   - preferences: `modules.softdep`.
    ///   - builtin: `modules.builtin`.
    init(dependencies: [UInt8], preferences: [UInt8], builtin: [UInt8]?) {
        self.builtin = builtin.map { Set(Self.lines($0).map { Self.name(ofFile: $0) }) }
        for line in Self.lines(dependencies) {
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let path = String(line[..<colon])
            let needed = line[line.utf8.index(after: colon)...].split(separator: " ").map(String.init)
            modules[Self.name(ofFile: path)] = Module(path: path, dependencies: needed)
        }
        for line in Self.lines(preferences) {
            let words = line.split(separator: " ").map(String.init)
            guard words.count > 3, words[0] == "softdep", words[2] == "pre:" else { continue }
            preceding[Self.name(words[1])] = words[3...].prefix { $0 != "post:" }.map { Self.name($0) }
        }
    }

    /// Whether the kernel has it, as a module or in itself; nil when that cannot be told.
    func has(_ name: String) -> Bool? {
        if modules[name] != nil { return true }
        return builtin?.contains(name)
    }

    /// The paths of what is needed for a root of a type, and of all that depends on.
    func selection(for type: RootType) -> Set<String> {
        var paths: Set<String> = []
        var waiting = modules.filter { name, module in
            Self.directories.contains { ("/" + module.path).contains($0) } || Self.names.contains(name)
                || name == type.rawValue || Self.hashes.contains { name.hasPrefix($0) }
        }.map(\.key)
        while let name = waiting.popLast() {
            guard let module = modules[name], paths.insert(module.path).inserted else { continue }
            waiting += module.dependencies.map { Self.name(ofFile: $0) } + (preceding[name] ?? [])
        }
        return paths
    }

    /// The lines of an index file that are about the modules of a selection.
    static func filtered(_ file: [UInt8], named: String, for selection: Set<String>) -> [UInt8] {
        let names = Set(selection.map { name(ofFile: $0) })
        let kept = lines(file).filter { line in
            let words = line.split(separator: " ")
            switch named {
            case "modules.dep": return words.first.map { selection.contains(String($0.dropLast())) } ?? false
            case "modules.alias": return words.count == 3 && names.contains(name(String(words[2])))
            default: return words.count > 1 && names.contains(name(String(words[1])))
            }
        }
        return Array(kept.map { $0 + "\n" }.joined().utf8)
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func name(_ text: String) -> String { String(text.map { $0 == "-" ? "_" : $0 }) }

    private static func name(ofFile path: String) -> String {
        name(String((path.split(separator: "/").last ?? "").prefix { $0 != "." }))
    }
}
