/// What `modprobe.d` says (modprobe.d(5)): parameters of modules, and modules that no device loads.
struct ModulePolicy: Equatable {
    private(set) var parameters: [String: String] = [:]
    private(set) var blocked: Set<String> = []

    /// - Parameter files: the texts of the files, in order.
    init(_ files: [[UInt8]]) {
        for file in files {
            for line in file.lines {
                let words = line.words.map { String($0) }
                guard words.count >= 2 else { continue }
                let name = ModuleIndex.name(words[1])
                switch words[0] {
                case "blacklist": blocked.insert(name)
                case "options":
                    let more = words[2...].joined(separator: " ")
                    parameters[name] = parameters[name].map { "\($0) \(more)" } ?? more
                default: break
                }
            }
        }
    }
}
