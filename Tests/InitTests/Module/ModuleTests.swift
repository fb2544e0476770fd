import Testing

@testable import Init

@Suite("Kernel modules")
struct ModuleTests {
    private static let index = ModuleIndex(
        dependencies: Array(
            """
            kernel/drivers/net/virtio_net.ko: kernel/net/core/failover.ko kernel/drivers/virtio/virtio.ko
            kernel/drivers/virtio/virtio.ko:
            kernel/net/core/failover.ko:
            kernel/fs/overlayfs/overlay.ko.xz:
            kernel/drivers/a-b.ko: kernel/drivers/virtio/virtio.ko

            """.utf8
        ),
        aliases: Array(
            """
            # Aliases extracted from modules themselves.
            alias virtio:d00000001v* virtio_net
            alias pci:v00001AF4d*sv*sd*bc*sc*i* virtio
            alias fs-overlay overlay
            alias *:any a_b
            alias usb:v[0-9A]* a_b

            """.utf8
        ),
        preferences: Array("softdep a_b pre: overlay post: failover\n".utf8)
    )

    @Test(
        "patterns match as the kernel's tools match them",
        arguments: [
            ("abc", "abc", true), ("abc", "abd", false), ("a*c", "abbc", true), ("a*c", "abb", false), ("*", "", true),
            ("", "", true), ("", "a", false), ("a?c", "abc", true), ("a?c", "ac", false), ("a*b*c", "axbxbc", true),
            ("[a-c]x", "bx", true), ("[a-c]x", "dx", false), ("[!a]x", "bx", true), ("[!a]x", "ax", false),
            ("[]]", "]", true), ("*ab", "aab", true), ("[ab", "a", false), ("a*", "a", true),
        ]
    )
    func pattern(pattern: String, text: String, isMatch: Bool) {
        #expect(AliasPattern.matches(Array(pattern.utf8)[...], Array(text.utf8)) == isMatch)
    }

    @Test("devices find their modules by alias")
    func aliases() {
        #expect(Self.index.names(for: "virtio:d00000001v00001AF4") == ["virtio_net"])
        #expect(Self.index.names(for: "pci:v00001AF4d00001000sv0sd0bc02sc00i00") == ["virtio"])
        #expect(Self.index.names(for: "fs-overlay") == ["overlay"])
        #expect(Self.index.names(for: "usb:v0Ax") == ["a_b"])
        #expect(Self.index.names(for: "pci:any") == ["a_b"])
        #expect(Self.index.names(for: "acpi:PNP0").isEmpty)
    }

    @Test("what a module needs comes first")
    func order() {
        #expect(
            Self.index.files(of: "virtio_net") == [
                "kernel/drivers/virtio/virtio.ko", "kernel/net/core/failover.ko", "kernel/drivers/net/virtio_net.ko",
            ]
        )
        #expect(
            Self.index.files(of: "a_b") == [
                "kernel/fs/overlayfs/overlay.ko.xz", "kernel/drivers/virtio/virtio.ko", "kernel/drivers/a-b.ko",
            ]
        )
        #expect(Self.index.files(of: "missing").isEmpty)
    }

    @Test("modprobe.d gives parameters and blocks devices")
    func policy() {
        let policy = ModulePolicy([
            Array("blacklist a-b\noptions loop max_loop=4\n# options x y\n".utf8), Array("options loop a=1".utf8),
        ])
        #expect(policy.blocked == ["a_b"])
        #expect(policy.parameters == ["loop": "max_loop=4 a=1"])
    }

    @Test("devices that appear are told by the kernel")
    func uevents() {
        let message = "add@/devices/x\0ACTION=add\0DEVPATH=/devices/x\0MODALIAS=virtio:d1\0SEQNUM=1\0"
        #expect(Uevent(Array(message.utf8))?.addedAlias == "virtio:d1")
        #expect(Uevent(Array("remove@/x\0ACTION=remove\0MODALIAS=y\0".utf8))?.addedAlias == nil)
        #expect(Uevent(Array("add@/x\0ACTION=add\0".utf8))?.addedAlias == nil)
        #expect(Uevent(Array("libudev\0\0".utf8)) == nil)
        #expect(Uevent([]) == nil)
    }
}
