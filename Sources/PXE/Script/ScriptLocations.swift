import Vocabulary

/// Where a script's files are, as the loader that runs it names them.
///
/// iPXE takes URLs. GRUB takes a device and a path, and fetches the way its configuration came: Debian's signed
/// network GRUB has no HTTP, and GRUB before 2.12 only port 80. One that got its configuration from another port can
/// name it (`(http,A:P)`, its `net.c`).
struct ScriptLocations: Sendable {
    let request: BootRequest
    /// `http://A:P`, without a slash at the end.
    let url: String

    init(request: BootRequest) {
        self.request = request
        url = "\(request.isSecure ? "https" : "http")://\(request.server)"
    }

    /// The kernel or the initrd of a boot.
    func append(part: String, of boot: BootInstructions, to script: inout [UInt8]) {
        switch request.dialect {
        case .ipxe:
            script.append(contentsOf: url.utf8)
            script.append(contentsOf: "/images/".utf8)
            script.append(contentsOf: boot.image.hex.utf8)
            script.append(UInt8(ascii: "/"))
            script.append(contentsOf: part.utf8)
            script.append(contentsOf: "?boot=".utf8)
            script.append(contentsOf: boot.boot.rawValue.utf8)
        case .grub:
            appendDevice(to: &script)
            script.append(contentsOf: "/boots/\(boot.boot)/\(part)".utf8)
        }
    }

    /// The machine segment of a boot.
    func appendSegment(of boot: BootInstructions, to script: inout [UInt8]) {
        switch request.dialect {
        case .ipxe: script.append(contentsOf: "\(url)/boots/\(boot.boot)/segment".utf8)
        case .grub: append(part: "segment", of: boot, to: &script)
        }
    }

    /// The machine's own script. What the request did not say, the loader fills in from what it knows.
    ///
    /// - Parameter mac: The NIC by which the machine is known; nil for the one that it said.
    func appendAgain(mac: MACAddress?, to script: inout [UInt8]) {
        let mac = mac ?? request.identity.mac
        switch request.dialect {
        case .ipxe:
            script.append(contentsOf: url.utf8)
            script.append(contentsOf: "/boot.ipxe?mac=".utf8)
            // netX is the NIC that was opened last: the one that this script came by.
            script.append(contentsOf: (mac?.hyphenated ?? "${netX/mac:hexhyp}").utf8)
            script.append(contentsOf: Self.rest.utf8)
        case .grub:
            appendDevice(to: &script)
            script.append(contentsOf: "/grub/grub.cfg-01-".utf8)
            script.append(contentsOf: (mac?.hyphenated ?? "$net_default_mac").utf8)
        }
    }

    private static let rest =
        "&uuid=${uuid}&serial=${serial:uristring}&arch=${buildarch}&platform=${platform}"

    private func appendDevice(to script: inout [UInt8]) {
        switch request.carrier {
        case .tftp: script.append(contentsOf: "(tftp,\(request.server.address))".utf8)
        case .http where request.server.port == 80: script.append(contentsOf: "(http,\(request.server.address))".utf8)
        case .http: script.append(contentsOf: "(http,\(request.server))".utf8)
        }
    }
}
