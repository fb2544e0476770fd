import Vocabulary

/// What an iPXE does with a script, as far as Muster's scripts need it: `kernel`, `initrd`, `sleep` and `chain`, with the
/// settings that name the machine.
struct BootScript: Hashable {
    struct Kernel: Hashable {
        var url: String
        /// `muster.boot=` and `muster.url=` of its arguments: nil for an image that is told nothing.
        var boot: String?
        var server: String?
    }

    /// What is loaded; nil for a script that only waits, or asks elsewhere.
    var kernel: Kernel?
    /// In the order in which they are fetched.
    var initrds: [String] = []
    /// Seconds until `again` is asked.
    var pause = 0
    /// The script to go on with: at once, after a pause, or when loading fails.
    var again: String?

    /// nil when it is no script.
    init?(parsing bytes: [UInt8], of identity: SimulatedIdentity) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        guard lines.first?.elementsEqual("#!ipxe".utf8) == true else { return nil }
        for line in lines.dropFirst() {
            let words = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
            let operands = words.dropFirst().prefix { $0 != "||" }
            switch words.first {
            case "kernel": kernel = operands.first.map { Self.kernel($0, arguments: operands.dropFirst()) }
            case "initrd": if let url = operands.last { initrds.append(url) }
            // What stands behind `chain` is for when that fails.
            case "sleep" where again == nil: pause = operands.first.flatMap { Int($0) } ?? 0
            case "chain": again = operands.last.map { Self.expand($0, for: identity) }
            default: break
            }
        }
    }

    private static func kernel(_ url: String, arguments: some Sequence<String>) -> Kernel {
        var kernel = Kernel(url: url)
        for argument in arguments {
            if argument.hasPrefix("muster.boot=") { kernel.boot = String(argument.dropFirst(12)) }
            if argument.hasPrefix("muster.url=") { kernel.server = String(argument.dropFirst(11)) }
        }
        return kernel
    }

    private static func expand(_ url: String, for identity: SimulatedIdentity) -> String {
        guard url.contains("${") else { return url }
        let settings = [
            "netX/mac:hexhyp": identity.mac.hyphenated, "uuid": identity.uuid.description,
            "serial:uristring": identity.serial, "buildarch": "x86_64", "platform": "efi",
        ]
        var parts = url.split(separator: "${", omittingEmptySubsequences: false)[...]
        var result = String(parts.removeFirst())
        for part in parts {
            let pieces = part.split(separator: "}", maxSplits: 1, omittingEmptySubsequences: false)
            result += settings[String(pieces[0])] ?? ""
            if pieces.count == 2 { result += pieces[1] }
        }
        return result
    }
}

/// `http://A:P/path`, where A is a number: no machine asks DNS before it boots.
struct WebAddress: Hashable {
    var host: Endpoint
    /// With its query.
    var path: String

    init?(_ url: String) {
        guard url.hasPrefix("http://") else { return nil }
        let rest = url.dropFirst(7)
        let authority = rest.prefix { $0 != "/" }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard let address = IPv4Address(parts[0]), parts.count <= 2,
            let port = parts.count == 2 ? UInt16(parts[1]) : 80
        else { return nil }
        host = Endpoint(address: address, port: port)
        path = rest.count > authority.count ? String(rest.dropFirst(authority.count)) : "/"
    }
}
