import CInit

/// The machine's name for itself.
enum Hostname {
    /// Linux takes 64 bytes.
    static let longest = 64

    /// `/etc/hostname`, else the name that the server knows the machine by, else one made of a hardware address.
    static func choose(file: String?, machine: String?, mac: String?) -> String {
        let fallback = mac.map { "muster-" + String($0.utf8.filter { $0 != UInt8(ascii: ":") }) }
        for candidate in [file, machine, fallback] {
            if let candidate, isName(candidate) { return candidate }
        }
        return "muster"
    }

    private static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        return 1...longest ~= bytes.count
            && bytes.allSatisfy { $0.isDigit || (0x61...0x7a).contains($0.lowercased) || $0 == 0x2d || $0 == 0x2e }
    }

    static func set(_ name: String) throws(InitError) {
        let result = sys_set_host_name(name, name.utf8.count)
        guard result >= 0 else { throw InitError("name the machine \(name)", code: Int(result)) }
    }
}
