/// What depmod(8) wrote about a kernel's modules: which file each is, what it needs, what devices it is for.
struct ModuleIndex {
    struct Module {
        /// Relative to the kernel's directory.
        var path: String
        /// Of everything that it needs; the first needed comes last.
        var dependencies: [String]
    }

    /// By name, with underscores.
    private var modules: [String: Module] = [:]
    private let aliases: [UInt8]
    /// Where patterns begin in `aliases`, by what stands before the first byte that may vary, up to a `:`.
    private var buses: [String: [(pattern: Range<Int>, module: Range<Int>)]] = [:]
    /// Modules that are wanted before others (`softdep NAME pre: …`).
    private var preceding: [String: [String]] = [:]

    /// - Parameters:
    ///   - dependencies: `modules.dep`.
    ///   - aliases: `modules.alias`.
    ///   - preferences: `modules.softdep`.
    init(dependencies: [UInt8], aliases: [UInt8], preferences: [UInt8] = []) {
        self.aliases = aliases
        for line in dependencies.split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let path = String(Array(line[..<colon]))
            let needed = Array(line[(colon + 1)...]).words.map { String($0) }
            modules[Self.name(ofFile: path)] = Module(path: path, dependencies: needed)
        }
        indexAliases()
        for line in preferences.lines {
            let words = line.words.map { String($0) }
            guard words.count > 3, words[0] == "softdep", words[2] == "pre:" else { continue }
            preceding[Self.name(words[1])] = words[3...].prefix { $0 != "post:" }.map { Self.name($0) }
        }
    }

    private mutating func indexAliases() {
        var begin = 0
        while begin < aliases.count {
            let end = aliases[begin...].firstIndex(of: UInt8(ascii: "\n")) ?? aliases.count
            defer { begin = end + 1 }
            let words = aliases[begin..<end].split(separator: 0x20)
            guard words.count == 3, words[0].elementsEqual("alias".utf8) else { continue }
            let bus = Self.bus(words[1])
            let entry = (words[1].startIndex..<words[1].endIndex, words[2].startIndex..<words[2].endIndex)
            buses[bus, default: []].append(entry)
        }
    }

    /// What an alias and its patterns have in common for certain: everything up to the first `:`; nothing when the pattern
    /// varies before it.
    private static func bus(_ alias: ArraySlice<UInt8>) -> String {
        var bus: [UInt8] = []
        for byte in alias {
            if byte == UInt8(ascii: "*") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "[") { return "" }
            bus.append(byte)
            if byte == UInt8(ascii: ":") { break }
        }
        return String(bus)
    }

    /// A module's name as the kernel has it: without directory and suffix, `-` as `_`.
    static func name(ofFile path: String) -> String {
        let file = Array(path.utf8).split(separator: UInt8(ascii: "/")).last ?? []
        return name(String(Array(file.prefix { $0 != UInt8(ascii: ".") })))
    }

    static func name(_ text: String) -> String {
        String(text.utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 })
    }

    subscript(name: String) -> Module? { modules[name] }

    /// The modules for a device or a name that programs ask for (`fs-overlay`), in the order of the index.
    func names(for alias: String) -> [String] {
        let text = Array(alias.utf8)
        var found: [String] = []
        var groups = [""]
        let bus = Self.bus(text[...])
        if bus != "" { groups.append(bus) }
        for group in groups {
            for entry in buses[group] ?? [] where AliasPattern.matches(aliases[entry.pattern], text) {
                let name = Self.name(String(Array(aliases[entry.module])))
                if !found.contains(name) { found.append(name) }
            }
        }
        return found
    }

    /// The files to load for a module, in order, itself last; empty when the kernel has no such module.
    func files(of name: String, depth: Int = 0) -> [String] {
        guard let module = modules[name], depth < 8 else { return [] }
        var files: [String] = []
        for other in preceding[name] ?? [] { files += self.files(of: other, depth: depth + 1) }
        files += module.dependencies.reversed()
        return files + [module.path]
    }
}
