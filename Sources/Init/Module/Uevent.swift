/// What the kernel says about one device: `add@/devices/…`, then `KEY=value` fields, each with a NUL at its end.
struct Uevent: Equatable {
    private var fields: [String: String] = [:]

    /// nil for what is no message of the kernel's.
    init?(_ bytes: [UInt8]) {
        let parts = bytes.parts(separatedBy: 0)
        guard let head = parts.first, head.contains(UInt8(ascii: "@")) else { return nil }
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: UInt8(ascii: "=")) else { continue }
            fields[String(Array(part[..<equals]))] = String(Array(part[(equals + 1)...]))
        }
    }

    /// The alias of a device that has appeared.
    var addedAlias: String? { fields["ACTION"] == "add" ? fields["MODALIAS"] : nil }
}
