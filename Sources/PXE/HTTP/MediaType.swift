/// What a file is, by its name: UEFI HTTP boot starts a loader only under the types that it knows and takes disk
/// images for RAM disks (UEFI §24.7.2).
public enum MediaType {
    public static let octets = "application/octet-stream"
    public static let json = "application/json"
    public static let problem = "application/problem+json"
    public static let script = "text/plain; charset=utf-8"

    /// `application/efi` for `.efi`, and so on; `application/octet-stream` for what is not known.
    public static func ofFile(named name: String) -> String {
        let suffix = name.utf8.lastIndex(of: UInt8(ascii: ".")).map { name[name.index(after: $0)...].lowercased() }
        return switch suffix {
        case "efi": "application/efi"
        case "iso": "application/vnd.efi-iso"
        case "img": "application/vnd.efi-img"
        case "json": json
        case "ipxe", "cfg", "txt": script
        default: octets
        }
    }
}
