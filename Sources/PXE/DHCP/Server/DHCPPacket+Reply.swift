import Vocabulary

extension DHCPPacket {
    /// A reply to `request` that has nothing in it yet. `secs` and `hops` are 0 (RFC 2131 §4.3.1, table 3).
    init(replyTo request: DHCPPacket) {
        self.init(operation: .reply, xid: request.xid, chaddr: request.chaddr)
        flags = request.flags
        giaddr = request.giaddr
        options.reserve(options: 20, octets: 256)
    }

    /// Octets of the longest reply that the client takes: option 57 counts the IP and UDP headers (RFC 2132 §9.10),
    /// and no reply is made to be fragmented, since few ROMs can put it together again.
    func replyLimit(mtu: Int) -> Int {
        let headers = 28
        let wanted = options.uint16(.maximumMessageSize).map { Int($0) - headers } ?? Self.guaranteedLength
        return max(Self.guaranteedLength, min(wanted, mtu - headers))
    }

    /// What a reply carries back as it came: the client's identifier (RFC 6842), the machine's (RFC 4578 §2.3), the
    /// subnet selection (RFC 3011 §2), and at the very end what relays added (RFC 3046 §2.2).
    /// An empty option 97 is not sent back: firmware takes the reply for broken.
    mutating func echo(_ request: DHCPPacket) {
        for code in [
            DHCPOptionCode.clientIdentifier, .clientMachineIdentifier, .subnetSelection, .relayAgentInformation,
        ] {
            guard let value = request.options[code] else { continue }
            if code == .clientMachineIdentifier, value.isEmpty { continue }
            options.set(code, to: value)
        }
    }

    /// Names a boot file in all the places where firmware looks for it, and says what PXE and HTTP clients want to hear.
    mutating func set(_ file: BootFile, for client: BootClient, from server: IPv4Address) {
        siaddr = server
        switch file {
        case .tftp, .raspberryPi:
            options.set(.tftpServerName, to: server.description)
            sname = Array(server.description.utf8)
        case .url:
            break
        }
        if let name = file.name {
            options.set(.bootFileName, to: name)
            // A longer one has no NUL after it in its field; option 67 has room.
            if name.utf8.count < Self.fileField.count { self.file = Array(name.utf8) }
        }
        if client.kind == .httpBoot {
            options.set(.vendorClass, to: VendorClass.httpClient)
            return
        }
        options.set(.vendorClass, to: VendorClass.pxeClient)
        options.set(
            .vendorInformation,
            to: file == .raspberryPi ? PXEVendorOptions.raspberryPi : PXEVendorOptions.bootFileOfOffer
        )
    }
}
