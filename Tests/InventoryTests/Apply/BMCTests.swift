import Foundation
import StrictYAML
import Testing
import Vocabulary

@testable import Inventory

@Suite("bmc: of machines")
struct BMCTests {
    private func problems(_ bmc: String) -> [String] {
        let text = "kind: Machine\nname: n1\nmacs: [52:54:00:00:00:01]\nbmc: \(bmc)\n"
        do {
            _ = try ResourceFile.parse([.init(path: "fleet.yml", text: text)])
            return []
        } catch {
            return "\(error)".split(separator: "\n").map(String.init)
        }
    }

    private func access(_ bmc: String) throws -> BMC {
        let text = "kind: Machine\nname: n1\nmacs: [52:54:00:00:00:01, 52:54:00:00:00:02]\nbmc: \(bmc)\n"
        let resources = try ResourceFile.parse([.init(path: "fleet.yml", text: text)])
        guard case .machine(let described)? = resources.first else { throw CancellationError() }
        return try #require(try described.machine.powerAccess())
    }

    @Test func severalWaysStandTogether() throws {
        let access = try access(
            """

              redfish: https://10.0.9.12/redfish/v1/
              ipmi: "10.0.9.12:6230"
              credentials: { command: [pass, bmc/n1] }
              system: Self
              cipher: 3
              efi: false
              exec: [/usr/local/bin/pdu, --outlet, "7"]
              wakeOnLAN: true
            """
        )
        let redfish = BMC.Redfish(isSecure: true, host: "10.0.9.12", port: 443, trust: .firstSeen, system: "Self")
        #expect(access.redfish == redfish)
        #expect(access.ipmi == BMC.IPMI(host: "10.0.9.12", port: 6230, cipher: 3))
        #expect(access.credentials == .command(["pass", "bmc/n1"]))
        #expect(!access.isEFI)
        #expect(access.exec == ["/usr/local/bin/pdu", "--outlet", "7"])
        #expect(access.wakeOnLAN == [MACAddress("52:54:00:00:00:01")!])
    }

    static let redfishes: [(String, String, Int, BMC.Redfish.Trust)] = [
        ("{redfish: https://bmc-7.lan:8443, credentials: env:B}", "bmc-7.lan", 8443, .firstSeen),
        ("{redfish: 'https://[fd00::7]', credentials: env:B}", "fd00::7", 443, .firstSeen),
        ("{redfish: http://10.0.0.7, credentials: env:B, insecure: true}", "10.0.0.7", 80, .anything),
        (
            "{redfish: https://10.0.0.7, credentials: env:B, fingerprint: '\(Array(repeating: "AB", count: 32).joined(separator: ":"))'}",
            "10.0.0.7", 443, .fingerprint(Digest(hex: String(repeating: "ab", count: 32))!)
        ),
    ]

    @Test(arguments: redfishes)
    func redfishInItsForms(_ text: String, _ host: String, _ port: Int, _ trust: BMC.Redfish.Trust) throws {
        let redfish = try #require(try access(text).redfish)
        #expect(redfish.host == host)
        #expect(redfish.port == port)
        #expect(redfish.trust == trust)
    }

    @Test func aCardOfDigitsAloneIsWoken() throws {
        #expect(try access("{ wakeOnLAN: 10:20:30:40:50:58 }").wakeOnLAN == [MACAddress("10:20:30:40:50:58")!])
    }

    static let mistakes: [(String, String)] = [
        ("{ redfisch: https://h }", "fleet.yml:4:8: found 'redfisch', expected one of redfish, ipmi"),
        ("{ redfish: h, credentials: env:B }", "fleet.yml:4:17: found 'h', expected https://HOST[:PORT]"),
        ("{ redfish: https://h/other, credentials: env:B }", "fleet.yml:4:17: found 'https://h/other', expected"),
        ("{ redfish: http://h, credentials: env:B }", "fleet.yml:4:17: found 'http://h', expected https; or `insecure"),
        ("{ redfish: https://h }", "fleet.yml:4:6: expected credentials: env:NAME"),
        ("{ ipmi: -oevil, credentials: env:B }", "fleet.yml:4:14: found '-oevil', expected a host"),
        ("{ ipmi: 'h:99999', credentials: env:B }", "fleet.yml:4:14: found 'h:99999', expected a host"),
        ("{ ipmi: h, credentials: env:B, cipher: 99 }", "fleet.yml:4:45: found '99', expected a cipher suite"),
        ("{ exec: reboot }", "fleet.yml:4:14: found 'reboot', expected a list of a program"),
        ("{ exec: [] }", "fleet.yml:4:14: found 'a list', expected a list of a program"),
        ("{ exec: [a], credentials: env:B }", "fleet.yml:4:32: expected them beside redfish or ipmi"),
        ("{ wakeOnLAN: yes please }", "fleet.yml:4:19: found 'yes please', expected true or the MAC"),
        ("{ exec: [a], cipher: 3 }", "fleet.yml:4:27: expected it beside ipmi"),
        ("{ efi: true }", "fleet.yml:4:6: expected at least one of redfish, ipmi, exec and wakeOnLAN"),
        (
            "{ redfish: https://h, credentials: env:B, insecure: true, fingerprint: \(String(repeating: "a", count: 64)) }",
            "fleet.yml:4:77: expected either it or insecure"
        ),
    ]

    @Test(arguments: mistakes)
    func whatMakesNoSenseIsRefusedWhereItStands(_ bmc: String, _ expected: String) {
        let problems = problems(bmc)
        #expect(problems.contains { $0.contains(expected) }, "\(problems)")
    }

    @Test(arguments: [
        "{ redfish: 'https://root:hunter2@h', credentials: env:B }", "{ ipmi: h, credentials: 'root:hunter2' }",
    ])
    func aPasswordThatStandsThereIsRefusedAndNotShown(_ bmc: String) {
        let problems = problems(bmc)
        #expect(!problems.isEmpty)
        #expect(!problems.joined().contains("hunter2"))
    }
}
