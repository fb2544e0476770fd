import Testing
import Vocabulary

@testable import PXE

@Suite struct DHCPOptionTests {
    @Test(
        "78 option 93 is a list; the best supported is taken",
        arguments: [
            ([0, 7], "undionly.kpxe"), ([2, 7], "ipxe.efi"), ([31, 11], "ipxe-arm64.efi"),
        ] as [([UInt16], String)]
    )
    func architectureList(codes: [UInt16], loader: String) throws {
        let packet = DHCPPacket.sample(.discover) { packet in
            packet.becomePXE(.bios)
            packet.options.set(.clientArchitecture, to: codes.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] })
        }
        #expect(LoaderTable().loader(for: try #require(BootClient(packet)))?.name == loader)
    }

    @Test("78 option 93 of odd length: the client is ignored", arguments: [[], [0], [0, 7, 0]] as [[UInt8]])
    func oddList(octets: [UInt8]) {
        let packet = DHCPPacket.sample(.discover) { packet in
            packet.becomePXE(.bios)
            packet.options.set(.clientArchitecture, to: octets)
        }
        let conversation = ServerConversation()
        #expect(conversation.send(packet).ignored == .architecture)
    }

    /// Every code of the registry: its loader, and whether a URL names it.
    static let loaders: [(UInt16, String?, Bool)] = [
        (0, "undionly.kpxe", false), (1, nil, false), (2, nil, false), (3, nil, false), (4, nil, false),
        (5, nil, false),
        (6, "ipxe-ia32.efi", false), (7, "ipxe.efi", false), (8, nil, false), (9, "ipxe.efi", false),
        (10, "ipxe-arm32.efi", false), (11, "ipxe-arm64.efi", false), (12, nil, false), (13, nil, false),
        (14, nil, false),
        (15, "ipxe-ia32.efi", true), (16, "ipxe.efi", true), (17, "ipxe.efi", true), (18, "ipxe-arm32.efi", true),
        (19, "ipxe-arm64.efi", true), (20, "undionly.kpxe", true), (21, nil, false), (22, "ipxe-arm64.efi", false),
        (23, nil, true), (24, "ipxe-arm64.efi", true), (25, nil, false), (26, nil, true),
        (27, "ipxe-riscv64.efi", false),
        (28, "ipxe-riscv64.efi", true), (29, nil, false), (30, nil, true), (31, nil, false), (32, nil, false),
        (33, nil, false), (34, nil, false), (35, nil, false), (36, nil, false), (37, nil, false), (38, nil, true),
        (39, "ipxe-loong64.efi", false), (40, "ipxe-loong64.efi", true), (41, nil, false), (999, nil, false),
    ]

    @Test("79 every architecture has its loader or none", arguments: loaders)
    func architecture(code: UInt16, loader: String?, usesHTTP: Bool) throws {
        let architecture = ClientArchitecture(rawValue: code)
        let packet = DHCPPacket.sample(.discover) {
            $0.becomePXE(architecture, class: usesHTTP ? "HTTPClient" : "PXEClient")
        }
        let client = try #require(BootClient(packet))
        #expect(architecture.usesHTTP == usesHTTP)
        #expect(LoaderTable().loader(for: client)?.name == loader)
        let file = BootFile.choose(
            for: client,
            host: nil,
            table: LoaderTable(),
            http: Endpoint(address: serverAddress, port: 8080),
            loop: .none
        )
        let expected: BootFile? =
            code == 41
            ? .raspberryPi : loader.map { usesHTTP ? .url("http://192.168.77.1:8080/loader/\($0)") : .tftp($0) }
        #expect(file == expected)
    }

    @Test func `80 without option 93 the number in option 60 counts`() throws {
        let packet = DHCPPacket.sample(.discover) {
            $0.options.set(.vendorClass, to: "PXEClient:Arch:00011:UNDI:003000")
        }
        #expect(try #require(BootClient(packet)).architectures == [.arm64])
        let odd = DHCPPacket.sample(.discover) { $0.options.set(.vendorClass, to: "PXEClient:Arch:x") }
        #expect(try #require(BootClient(odd)).architectures == [])
    }

    @Test(
        "81 a Raspberry Pi that says BIOS gets no undionly",
        arguments: [
            "b8:27:eb:00:00:01", "dc:a6:32:00:00:01", "e4:5f:01:00:00:01", "d8:3a:dd:00:00:01", "2c:cf:67:00:00:01",
        ]
    )
    func raspberryPi(mac: String) throws {
        let conversation = ServerConversation()
        let packet = DHCPPacket.sample(.discover, mac: MACAddress(mac)!) { $0.becomePXE(.bios) }
        let reply = try #require(conversation.send(packet).reply?.packet)
        #expect(!reply.options.contains(.bootFileName) && reply.file.isEmpty)
        #expect(reply.options.text(.tftpServerName) == "192.168.77.1")
        let vendor = try #require(reply.options[.vendorInformation].flatMap { PXEVendorOptions(parsing: $0) })
        #expect(vendor.menu.first?.text == Array("Raspberry Pi Boot".utf8))
    }

    @Test func `83 sub-options 6, 8, 9, 10 and 71 of option 43 round-trip`() throws {
        var options = PXEVendorOptions()
        options.discoveryControl = [.noBroadcast, .noMulticast, .bootFileOfOffer]
        options.bootServers = [
            .init(type: 0x8000, addresses: [address(3), address(4)]), .init(type: 1, addresses: []),
        ]
        options.menu = [.init(type: 0, text: Array("disk".utf8)), .init(type: 0x8000, text: Array("net".utf8))]
        options.prompt = .init(timeout: 5, text: Array("press F8".utf8))
        options.bootItem = .init(type: 0x8000, layer: 0x8001)
        options.others = [SubOption(200, [1, 2])]
        let octets = options.encoded
        #expect(octets.last == 255)
        #expect(PXEVendorOptions(parsing: octets) == options)
        #expect(PXEVendorOptions(parsing: octets.dropLast()) == options, "END may be missing")
        #expect(PXEVendorOptions(parsing: [0, 0] + octets + [9, 9]) == options, "pads before, rubbish after")
        #expect(options.bootItem?.asksForCredentials == true)
    }

    @Test func `83 vendor options that are none are not guessed at`() {
        #expect(PXEVendorOptions(parsing: [6, 9, 1]) == nil)
        #expect(PXEVendorOptions(parsing: [8, 4, 0x80, 0, 9, 1])?.bootServers == [])
    }

    @Test(
        "89 iPXE in option 77: bare, as a list of RFC 3004, in company",
        arguments: [
            (Array("iPXE".utf8), true), ([4] + Array("iPXE".utf8), true), ([1, 65, 4] + Array("iPXE".utf8), true),
            (Array("vendor".utf8), false), ([5] + Array("iPXE".utf8), false), ([], false), (Array("iPXE2".utf8), false),
        ] as [([UInt8], Bool)]
    )
    func userClass(octets: [UInt8], isIPXE: Bool) throws {
        let packet = DHCPPacket.sample(.discover) { packet in
            packet.becomePXE(.x64)
            packet.options.set(.userClass, to: octets)
        }
        #expect(try #require(BootClient(packet)).kind == (isIPXE ? .ipxe : .pxe))
    }

    @Test func `89 a custom class means iPXE where the configuration says so`() throws {
        let packet = DHCPPacket.sample(.discover) { packet in
            packet.becomePXE(.x64)
            packet.options.set(.userClass, to: "ourboot")
        }
        #expect(BootClient(packet, ipxeClasses: ["iPXE", "ourboot"])?.kind == .ipxe)
    }

    @Test func `90 option 175 alone means iPXE; one without HTTP gets the full build`() throws {
        let rom = DHCPPacket.sample(.discover) { packet in
            packet.becomePXE(.bios)
            packet.options.set(.ipxe, to: [0x15, 1, 1, 0x21, 1, 1])
        }
        let client = try #require(BootClient(rom))
        #expect(client.kind == .ipxe && client.features == [.tftp, .pxe])
        let conversation = ServerConversation()
        #expect(conversation.send(rom).reply?.packet.options.text(.bootFileName) == "undionly.kpxe")
        let full = DHCPPacket.sample(.discover, xid: 2) { packet in
            packet.becomePXE(.bios)
            packet.options.set(.ipxe, to: [0x13, 1, 1])
        }
        #expect(
            conversation.send(full).reply?.packet.options.text(.bootFileName) == "http://192.168.77.1:8080/boot.ipxe"
        )
    }

    @Test func `93 loaders by architecture, vendor class and machine`() throws {
        let table = LoaderTable(
            overrides: [.x64: "snponly.efi"],
            vendorClasses: ["PXEClient:Arch:00007:UNDI:003": [.x64: "special.efi"], "PXEClient": [.bios: "ipxe.pxe"]]
        )
        let x64 = try #require(BootClient(.sample(.discover) { $0.becomePXE(.x64) }))
        let bios = try #require(BootClient(.sample(.discover) { $0.becomePXE(.bios) }))
        #expect(LoaderTable(overrides: [.x64: "snponly.efi"]).loader(for: x64)?.name == "snponly.efi")
        #expect(table.loader(for: x64)?.name == "special.efi")
        #expect(table.loader(for: bios)?.name == "ipxe.pxe")
        #expect(table.loader(for: x64, machine: "shimx64.efi")?.name == "shimx64.efi")
        #expect(LoaderTable(overrides: [.x64: ""]).loader(for: x64) == nil)
    }

    @Test(
        "135 option 97 in any shape is tolerated, a placeholder is no name",
        arguments: [
            ([], nil), ([0], nil), ([0] + [UInt8](repeating: 0, count: 16), nil),
            ([0] + [UInt8](repeating: 255, count: 16), nil), ([1] + Array(1...16), nil),
            ([0, 4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16], "01020304-0506-0708-090a-0b0c0d0e0f10"),
        ] as [([UInt8], String?)]
    )
    func machineIdentifier(octets: [UInt8], uuid: String?) {
        let packet = DHCPPacket.sample(.discover) { $0.options.set(.clientMachineIdentifier, to: octets) }
        #expect(BootClient(packet)?.identity.uuid?.description == uuid)
    }
}
