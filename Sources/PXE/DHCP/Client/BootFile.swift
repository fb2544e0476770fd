import Vocabulary

/// What a boot client is told to load.
enum BootFile: Hashable, Sendable {
    /// A file name, over TFTP.
    case tftp(String)
    /// An absolute URL. The address in it is a number, so no client needs DNS for it.
    case url(String)
    /// Nothing by name: the firmware of a Raspberry Pi knows its files, and only wants to hear that they are here.
    case raspberryPi

    /// The text for `file` and option 67.
    var name: String? {
        switch self {
        case .tftp(let name), .url(let name): name
        case .raspberryPi: nil
        }
    }

    /// - Parameters:
    ///   - http: the boot plane's HTTP as the client reaches it.
    ///   - isLooping: the machine keeps asking for a loader. If it says a user class, then it is an iPXE that hides
    ///     its name; a script ends the loop.
    /// - Returns: nil for a client that gets nothing.
    static func choose(
        for client: BootClient,
        host: Host?,
        table: LoaderTable,
        http: Endpoint,
        isLooping: Bool
    ) -> BootFile? {
        guard client.kind != .other, host?.mayBoot ?? true else { return nil }
        let script = BootFile.url("http://\(http)/boot.ipxe")
        if client.kind == .ipxe, client.speaksHTTP { return script }
        if isLooping, client.hasUserClass { return script }
        guard let (name, architecture) = table.loader(for: client, machine: host?.loader) else {
            return client.isRaspberryPi ? .raspberryPi : nil
        }
        let usesHTTP = client.kind == .httpBoot || client.kind == .pxe && architecture.usesHTTP
        return usesHTTP ? .url("http://\(http)/loader/\(name)") : .tftp(name)
    }
}
