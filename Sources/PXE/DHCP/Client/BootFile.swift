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
    ///   - loop: how often the machine has asked for a loader lately.
    /// - Returns: nil for a client that gets nothing.
    static func choose(
        for client: BootClient,
        host: Host?,
        table: LoaderTable,
        http: Endpoint,
        loop: BootLoop
    ) -> BootFile? {
        guard client.kind != .other, host?.mayBoot ?? true else { return nil }
        let script = BootFile.url("http://\(http)/boot.ipxe")
        if client.kind == .ipxe, client.speaksHTTP { return script }
        if loop != .none, client.mayBeIPXE { return script }
        if loop == .hopeless { return nil }
        guard let (name, architecture) = table.loader(for: client, machine: host?.loader) else {
            return client.isRaspberryPi ? .raspberryPi : nil
        }
        let usesHTTP = client.kind == .httpBoot || client.kind == .pxe && architecture.usesHTTP
        return usesHTTP ? .url("http://\(http)/loader/\(name)") : .tftp(name)
    }
}
