import CInit
import Testing

@testable import Init

@Suite("runtime.json")
struct RuntimeActionsTests {
    /// As the builder writes it.
    private static let file = """
        {
            "bindNS": {"cgroup": "", "ipc": "", "mnt": "", "net": "/run/netns/web", "pid": "", "user": "", "uts": ""},
            "cgroups": ["podruntime"],
            "interfaces": [
                {"name": "wg0"}, {"name": "d0", "add": "dummy"}, {"name": "v0", "peer": "v1"},
                {"name": "b0", "add": "bridge", "createInRoot": true}
            ],
            "mkdir": ["/var/persist", "etc/x"],
            "mounts": [
                {"destination": "/c/tmp", "type": "tmpfs", "source": "tmpfs"},
                {"destination": "/c/tmp", "options": ["remount", "private"]},
                {"destination": "/c/rootfs", "source": "/c/rootfs", "options": ["bind"]}
            ],
            "namespace": ""
        }
        """

    @Test("everything that the builder writes is read")
    func read() throws {
        let actions = try RuntimeActions(parsing: Array(Self.file.utf8))
        #expect(actions.controlGroups == ["podruntime"])
        #expect(actions.directories == ["/var/persist", "etc/x"])
        #expect(actions.namespace == "services.linuxkit")
        #expect(actions.boundNamespaces == [.init(kind: "net", path: "/run/netns/web")])
        #expect(
            actions.interfaces == [
                .init(name: "wg0"), .init(name: "d0", kind: "dummy"),
                .init(name: "v0", kind: "veth", peer: "v1", isMadeInRoot: true),
                .init(name: "b0", kind: "bridge", isMadeInRoot: true),
            ]
        )
        #expect(actions.mounts.map(\.destination) == ["/c/tmp", "/c/tmp", "/c/rootfs"])
        #expect(actions.mounts[0].type == "tmpfs")
        #expect(actions.mounts[2].options.flags == UInt32(SYS_MOUNT_BIND))
    }

    @Test(
        "what cannot be carried out is refused",
        arguments: [
            "", #"{"mounts": [{"type": "tmpfs"}]}"#, #"{"interfaces": [{"add": "veth", "name": "a"}]}"#,
            #"{"interfaces": [{}]}"#,
        ]
    )
    func refused(text: String) {
        #expect(throws: InitError.self) { try RuntimeActions(parsing: Array(text.utf8)) }
    }
}

@Suite("muster.json")
struct SupervisionSettingsTests {
    @Test("all keys, and none")
    func read() throws {
        let text = """
            {"onFailure":"halt","restart":"on-failure","after":["a","b"],
             "health":{"http":"http://:8080/ready","interval":2000,"timeout":500}}
            """
        let settings = try SupervisionSettings(parsing: Array(text.utf8))
        #expect(settings.onFailure == .halt)
        #expect(settings.restart == .onFailure)
        #expect(settings.after == ["a", "b"])
        #expect(settings.health?.interval == 2000)
        #expect(settings.health?.timeout == 500)
        #expect(settings.health?.probe == .http(try HTTPAddress("http://127.0.0.1:8080/ready")))
        #expect(try SupervisionSettings(parsing: Array("{}".utf8)) == SupervisionSettings())
        #expect(SupervisionSettings().restart == .never)
        #expect(SupervisionSettings().onFailure == .proceed)
    }

    @Test(
        "what the builder does not write is refused",
        arguments: [
            #"{"restart":"sometimes"}"#, #"{"onFailure":"explode"}"#, #"{"health":{}}"#, #"{"health":{"tcp":"x"}}"#,
            #"{"health":{"command":[]}}"#,
        ]
    )
    func refused(text: String) {
        #expect(throws: InitError.self) { try SupervisionSettings(parsing: Array(text.utf8)) }
    }
}

@Suite("Requests to rtnetlink")
struct LinkMessageTests {
    @Test("a link is moved: header, interface, namespace")
    func moved() {
        let expected: [UInt8] =
            [40, 0, 0, 0, 19, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0]
            + [0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
            + [8, 0, 19, 0, 0xd2, 4, 0, 0]
        #expect(LinkMessage.move(index: 7, process: 1234).bytes == expected)
    }

    @Test("a pair is made: the peer stands in the data of its kind")
    func pair() {
        let bytes = LinkMessage.make("v0", kind: "veth", peer: "v1", process: nil).bytes
        #expect(Int(bytes[0]) == bytes.count)
        #expect(bytes[4] == 16)
        #expect(Array(bytes[6..<8]) == [0x05, 0x06])
        #expect(Array(bytes[32..<40]) == [7, 0, 3, 0] + Array("v0".utf8) + [0, 0])
        let information = Array(bytes[40...])
        #expect(Int(information[0]) == information.count)
        #expect(information[2] == 18)
        #expect(Array(information[4..<16]) == [9, 0, 1, 0] + Array("veth".utf8) + [0, 0, 0, 0])
        #expect(Array(information.suffix(8)) == [7, 0, 3, 0] + Array("v1".utf8) + [0, 0])
        #expect(information.count == 4 + 12 + 4 + 4 + 16 + 8)
    }
}
