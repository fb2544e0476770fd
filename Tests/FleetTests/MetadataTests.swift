import Foundation
import Inventory
import PXE
import Testing
import Vocabulary

@testable import Fleet

@Suite("What a running system may ask about its own machine")
struct MetadataTests {
    let fixture: FleetFixture

    init() async throws {
        fixture = try await FleetFixture.make()
        try fixture.image("web")
        let profile = Profile(
            name: "web",
            image: .reference("web"),
            values: [
                "password": "hunter2",
                "public": .object([
                    "authorizedKeys": .array(["ssh-ed25519 A", "ssh-ed25519 B"]), "userData": "#profile",
                ]),
            ]
        )
        let machine = Machine(
            name: "n1",
            nics: [.init(mac: mac(1))],
            values: [
                "secret": "hunter3", "public": .object(["userData": "#cloud-config\n{}\n", "failureDomain": "r7"]),
            ],
            profile: "web"
        )
        try await fixture.fleet.withInventory { store in
            try await store.apply([.profile(profile), .machine(MachineResource(machine: machine))])
        }
        try await fixture.machine(2, profile: nil)
        fixture.network[peer(1)] = mac(1)
    }

    private func text(_ item: MetadataItem, _ address: IPv4Address = peer(1)) -> String? {
        guard let content = fixture.fleet.authority.metadata(item, for: address) else { return nil }
        guard case .bytes(let bytes)? = content.pieces.first else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    static let cases: [(MetadataItem, String?)] = [
        (.hostname, "n1"), (.privateAddress, "10.0.0.1"), (.publicAddress, nil), (.failureDomain, "r7"),
        (.machineType, "web"), (.authorizedKeys, "ssh-ed25519 A\nssh-ed25519 B\n"),
        (.userData, "#cloud-config\n{}\n"), (.compatibleUserData, "#cloud-config\n{}\n"),
        (.noCloudUserData, "#cloud-config\n{}\n"), (.noCloudVendorData, ""),
    ]

    @Test("Each item, the machine's own values in front of its profile's", arguments: cases)
    func items(_ item: MetadataItem, _ expected: String?) { #expect(text(item) == expected) }

    @Test("NoCloud's meta-data is YAML, with a machine's id that stays")
    func noCloud() throws {
        let yaml = try #require(text(.noCloudMetaData))
        let object = try JSONSerialization.jsonObject(with: Data(yaml.utf8)) as? [String: Any]
        #expect(object?["local-hostname"] as? String == "n1")
        #expect(object?["instance-id"] as? String == text(.machineID))
        #expect(object?["public-keys"] as? [String] == ["ssh-ed25519 A", "ssh-ed25519 B"])
        let id = try #require(text(.machineID))
        #expect(id.utf8.count == 32 && id.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) })
    }

    @Test("Nothing that is not public is said to anybody", arguments: MetadataItem.allCases)
    func secrets(_ item: MetadataItem) { #expect(text(item)?.contains("hunter") != true) }

    @Test("Another address gets its own machine's, an unknown one nothing")
    func foreign() {
        #expect(text(.hostname, peer(2)) == "n2")
        #expect(text(.userData, peer(2)) == nil)
        #expect(text(.hostname, IPv4Address(172, 16, 0, 1)) == nil)
    }
}
