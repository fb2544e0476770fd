import Vocabulary

/// A disk with one FAT partition, from its second mebibyte on, in a file.
struct PartitionedDisk: Sendable {
    /// In bytes. The last one keeps the copy of a GPT, and makes the disk a whole number of them.
    private static let mebibyte: UInt64 = 1 << 20

    let partition: FATFileSystem
    let identity: DerivedIdentity
    var size: UInt64 { partition.size + 2 * Self.mebibyte }

    /// An EFI system partition in a GPT (UEFI specification 2.10, 5.3).
    func makeGPT(at path: String, in work: FormatWork) async throws {
        let table = """
            label: gpt
            label-id: \(identity.uuid("GPT disk"))
            first-lba: 2048
            start=2048, size=\(partition.size / 512), type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, \
            uuid=\(identity.uuid("GPT partition")), name="EFI system partition"

            """
        try await make(at: path, table: table, in: work)
    }

    /// An active FAT32 partition in an MBR, and GRUB in front of it.
    func makeMBR(at path: String, in work: FormatWork) async throws {
        let table = """
            label: dos
            label-id: 0x\(String(identity.number("MBR"), radix: 16))
            start=2048, size=\(partition.size / 512), type=c, bootable

            """
        try await make(at: path, table: table, in: work)
        let core = work.scratch("grub-core.img")
        // Without a disk, GRUB takes the one that it was started from.
        try await GRUB.make(.biosDisk, at: core, prefix: "(,msdos1)/boot/grub", in: work)
        let first = try FileCopy.bytes(of: GRUB.Platform.biosDisk.file("boot.img", with: work.tools), at: 0, count: 440)
        let rest = try FileCopy.bytes(of: core, at: 0, count: Int(try FileCopy.size(of: core)))
        guard rest.count <= Int(Self.mebibyte) - 512 else {
            throw BuildError(.invalidInput, "GRUB has \(rest.count) bytes: too many for the space before a partition")
        }
        // GRUB's first sector loads the second and that one the following, unless an installer wrote other numbers in
        // (grub-core/boot/i386/pc/boot.S, diskboot.S). From octet 440 on the sector is the partition table's.
        try FileCopy.patch(path, at: 0, first)
        try FileCopy.patch(path, at: 512, rest)
    }

    private func make(at path: String, table: String, in work: FormatWork) async throws {
        try FileCopy.makeSparse(path, size: size)
        let script = work.scratch("partitions")
        try work.write(Array(table.utf8), to: script)
        try await work.tools.run(
            .partition,
            ["--quiet", "--no-reread", "--no-tell-kernel", "--wipe", "never", path],
            input: script
        )
        try await partition.make(in: path, at: Self.mebibyte, with: work.tools)
    }
}
