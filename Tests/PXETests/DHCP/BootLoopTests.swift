import Testing
import Vocabulary

@testable import PXE

/// Machines that keep asking for their loader.
@Suite struct BootLoopTests {
    @Test func `92 a machine that keeps asking for its loader is reported once, and an iPXE in disguise gets a script`()
    {
        let conversation = ServerConversation()
        var files: [String?] = []
        var reports = 0
        for xid in UInt32(1)...8 {
            let outcome = conversation.send(
                .sample(.discover, xid: xid) { packet in
                    packet.becomePXE(.bios)
                    packet.options.set(.userClass, to: "vendor")
                }
            )
            files.append(outcome.reply?.packet.options.text(.bootFileName))
            reports += outcome.observations.count { if case .looping = $0 { true } else { false } }
        }
        #expect(files.prefix(5).allSatisfy { $0 == "undionly.kpxe" })
        #expect(files.suffix(3).allSatisfy { $0 == "http://192.168.77.1:8080/boot.ipxe" })
        #expect(reports == 1)
    }

    /// What a machine is told to load, DISCOVER after DISCOVER, a second apart.
    private func files(_ count: Int, isServer: Bool, _ fill: (inout DHCPPacket) -> Void) -> [String?] {
        let conversation = ServerConversation()
        let proxy = Subject(ProxyDHCP(configuration: .sample(mode: .proxy), authority: FixedAuthority()))
        return (0..<count).map { number in
            conversation.now = conversation.now + .seconds(1)
            let discover = DHCPPacket.sample(.discover, xid: UInt32(number), fill)
            let reply =
                isServer
                ? conversation.send(discover).reply
                : proxy.receive(discover, from: arrival(), now: conversation.now).reply
            return reply?.packet.options.text(.bootFileName)
        }
    }

    @Test("92: firmware whose loader fails again and again goes on to its next device", arguments: [true, false])
    func hopelessFirmware(isServer: Bool) {
        let files = self.files(12, isServer: isServer) { $0.becomePXE(.x64) }
        #expect(files.prefix(10).allSatisfy { $0 == "ipxe.efi" })
        #expect(files.suffix(2) == [nil, nil])
    }

    @Test("92: an iPXE that asks for iPXE's option without a name gets a script", arguments: [true, false])
    func namelessIPXE(isServer: Bool) {
        let files = self.files(12, isServer: isServer) { packet in
            packet.becomePXE(.bios)
            packet.options.set(.parameterRequestList, to: [1, 3, 66, 67, 175] as [UInt8])
        }
        #expect(files.prefix(5).allSatisfy { $0 == "undionly.kpxe" })
        #expect(files.suffix(7).allSatisfy { $0 == "http://192.168.77.1:8080/boot.ipxe" })
    }

    @Test func `92: who was given nothing may try again after a minute`() {
        let conversation = ServerConversation()
        func file(_ xid: UInt32) -> String? {
            conversation.send(.sample(.discover, xid: xid) { $0.becomePXE(.x64) }).reply?
                .packet.options.text(.bootFileName)
        }
        let first = (UInt32(0)..<11).map(file)
        #expect(first.last == .some(nil))
        #expect(conversation.send(.sample(.discover, xid: 99) { $0.becomePXE(.x64) }).yiaddr != nil, "but an address")
        conversation.now = conversation.now + .seconds(61)
        #expect(file(100) == "ipxe.efi")
    }

    @Test func `92 retries of one request are no loop, and a loop ends with its minute`() {
        let loops = Subject(LoopGuard())
        for _ in 0..<20 { #expect(loops.record(mac1, token: 7, now: start) == .fine) }
        for token in UInt32(8)..<12 { #expect(loops.record(mac1, token: token, now: start) == .fine) }
        #expect(loops.record(mac1, token: 99, now: start) == .began(requestsPerMinute: 6))
        #expect(loops.record(mac1, token: 100, now: start) == .looping)
        #expect(loops.record(mac2, token: 1, now: start) == .fine)
        #expect(loops.record(mac1, token: 101, now: start + .seconds(61)) == .fine)
    }
}
