import Testing
import Vocabulary

@testable import Build

@Suite("Modules on the way to a root")
struct FetchingModulesTests {
    private static let dependencies = """
        kernel/drivers/net/ethernet/intel/e1000e/e1000e.ko: kernel/drivers/ptp/ptp.ko kernel/drivers/pps/pps_core.ko
        kernel/drivers/ptp/ptp.ko: kernel/drivers/pps/pps_core.ko
        kernel/drivers/pps/pps_core.ko:
        kernel/drivers/net/virtio_net.ko: kernel/drivers/net/net_failover.ko
        kernel/drivers/net/net_failover.ko:
        kernel/drivers/net/wireless/ath/ath.ko:
        kernel/drivers/md/dm-verity.ko: kernel/drivers/md/dm-mod.ko
        kernel/drivers/md/dm-mod.ko:
        kernel/fs/squashfs/squashfs.ko:
        kernel/fs/erofs/erofs.ko.xz: kernel/lib/libcrc32c.ko.xz
        kernel/lib/libcrc32c.ko.xz:
        kernel/lib/crc32c-special.ko:
        kernel/fs/btrfs/btrfs.ko:

        """
    private static let modules = FetchingModules(
        dependencies: Array(dependencies.utf8),
        preferences: Array("softdep erofs pre: crc32c-special post: btrfs\nsoftdep btrfs pre: ath\n".utf8),
        builtin: Array("kernel/drivers/block/loop.ko\n".utf8)
    )

    @Test("cards, what they need, the file system and its own, and nothing else")
    func selection() {
        let common: Set = [
            "kernel/drivers/net/ethernet/intel/e1000e/e1000e.ko", "kernel/drivers/ptp/ptp.ko",
            "kernel/drivers/pps/pps_core.ko", "kernel/drivers/net/virtio_net.ko", "kernel/drivers/net/net_failover.ko",
            "kernel/drivers/md/dm-verity.ko", "kernel/drivers/md/dm-mod.ko", "kernel/lib/crc32c-special.ko",
        ]
        #expect(Self.modules.selection(for: .squashfs) == common.union(["kernel/fs/squashfs/squashfs.ko"]))
        #expect(
            Self.modules.selection(for: .erofs)
                == common.union(["kernel/fs/erofs/erofs.ko.xz", "kernel/lib/libcrc32c.ko.xz"])
        )
    }

    @Test("what the kernel has")
    func has() {
        #expect(Self.modules.has("loop") == true)
        #expect(Self.modules.has("dm_verity") == true)
        #expect(Self.modules.has("overlay") == false)
        let silent = FetchingModules(dependencies: [], preferences: [], builtin: nil)
        #expect(silent.has("overlay") == nil)
    }

    @Test(
        "indexes keep the lines of what is there",
        arguments: [
            ("modules.dep", "a/b-c.ko: a/d.ko\na/x.ko:\na/d.ko:\n", "a/b-c.ko: a/d.ko\na/d.ko:\n"),
            ("modules.alias", "# head\nalias pci:v1* b_c\nalias pci:v2* x\n", "alias pci:v1* b_c\n"),
            ("modules.softdep", "# head\nsoftdep b_c pre: d\nsoftdep x pre: y\n", "softdep b_c pre: d\n"),
        ]
    )
    func filtered(name: String, text: String, expected: String) {
        let kept = FetchingModules.filtered(Array(text.utf8), named: name, for: ["a/b-c.ko", "a/d.ko"])
        #expect(String(decoding: kept, as: UTF8.self) == expected)
    }
}
