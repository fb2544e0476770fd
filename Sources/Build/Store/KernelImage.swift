import Vocabulary

/// What a Linux kernel's first bytes say about it: for which processors it is, and how long its command line may be.
///
/// Layouts: Documentation/arch/x86/boot.rst (bzImage), Documentation/arch/arm64/booting.rst and
/// Documentation/arch/riscv/boot-image-header.rst (Image), arch/loongarch/include/asm/image.h,
/// drivers/firmware/efi/libstub/zboot-header.S (zboot), and the PE/COFF header that EFI stubs carry.
public struct KernelImage: Hashable, Sendable {
    public var architecture: Architecture
    /// Bytes that the command line may have, without the terminating zero.
    public var commandLineLimit: Int

    /// How many of a file's first bytes `init(header:)` wants to see.
    public static let headerLength = 4096

    /// - Parameter header: the first `headerLength` bytes of the file, or all of a shorter one.
    /// - Returns: nil when they begin no kernel that says what it is.
    public init?(header: [UInt8]) {
        let bytes = LittleEndianBytes(header)
        if let x86 = Self.bzImage(bytes) {
            self = x86
            return
        }
        guard let found = Self.imageArchitecture(bytes) ?? Self.portableExecutableArchitecture(bytes) else {
            return nil
        }
        architecture = found
        commandLineLimit = Self.limit(found)
    }

    /// COMMAND_LINE_SIZE less its zero, of the oldest kernels that are still in use.
    public static func limit(_ architecture: Architecture) -> Int {
        switch architecture {
        case .riscv64, .arm: 1023
        case .loong64: 4095
        default: 2047
        }
    }

    private static func bzImage(_ bytes: LittleEndianBytes) -> KernelImage? {
        guard bytes.has("HdrS", at: 0x202), let version = bytes.uint16(at: 0x206) else { return nil }
        // xloadflags came with protocol 2.12; its bit 0 is XLF_KERNEL_64.
        let is64 = version >= 0x20c && (bytes.uint16(at: 0x236) ?? 0) & 1 == 1
        // cmdline_size came with protocol 2.06; before it the limit was 255.
        let limit = version >= 0x206 ? Int(bytes.uint32(at: 0x238) ?? 255) : 255
        return KernelImage(architecture: is64 ? .amd64 : .i386, commandLineLimit: limit)
    }

    private static func imageArchitecture(_ bytes: LittleEndianBytes) -> Architecture? {
        if bytes.has("ARM\u{64}", at: 56) { return .arm64 }
        if bytes.has("RSC\u{5}", at: 56) { return .riscv64 }
        if bytes.uint32(at: 56) == 0x8182_23cd { return .loong64 }
        // A zImage: magic number at 0x24.
        if bytes.uint32(at: 0x24) == 0x016f_2818 { return .arm }
        return nil
    }

    private static func portableExecutableArchitecture(_ bytes: LittleEndianBytes) -> Architecture? {
        guard bytes.has("MZ", at: 0), let offset = bytes.uint32(at: 0x3c), offset < 4000,
            bytes.has("PE\0\0", at: Int(offset))
        else { return nil }
        switch bytes.uint16(at: Int(offset) + 4) {
        case 0x8664: return .amd64
        case 0x014c: return .i386
        case 0xaa64: return .arm64
        case 0x01c0, 0x01c2, 0x01c4: return .arm
        case 0x5064: return .riscv64
        case 0x6264: return .loong64
        default: return nil
        }
    }

    /// What a file that is no kernel is, of the things that are taken for one; nil for anything else.
    static func whatElse(header: [UInt8]) -> String? {
        let magics: [([UInt8], String)] = [
            ([0x1f, 0x8b], "compressed with gzip (an initrd, or a kernel to unpack with gunzip first)"),
            ([0x28, 0xb5, 0x2f, 0xfd], "compressed with zstd (an initrd?)"),
            ([0xfd] + Array("7zXZ".utf8), "compressed with xz (an initrd?)"),
            (Array("0707".utf8), "a cpio archive (an initrd?)"),
            ([0x7f] + Array("ELF".utf8), "an ELF file (a vmlinux; loaders want the bzImage or Image made of it)"),
            (Array("#!".utf8), "a script"),
        ]
        return magics.first { header.starts(with: $0.0) }?.1
    }

    init(architecture: Architecture, commandLineLimit: Int) {
        self.architecture = architecture
        self.commandLineLimit = commandLineLimit
    }
}

/// Little-endian integers in a few bytes; nil beyond their end.
private struct LittleEndianBytes {
    let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func has(_ text: String, at offset: Int) -> Bool {
        offset >= 0 && offset + text.utf8.count <= bytes.count
            && bytes[offset..<(offset + text.utf8.count)].elementsEqual(text.utf8)
    }
    func uint16(at offset: Int) -> UInt16? {
        guard offset >= 0, offset + 2 <= bytes.count else { return nil }
        return UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
    }
    func uint32(at offset: Int) -> UInt32? {
        guard let low = uint16(at: offset), let high = uint16(at: offset + 2) else { return nil }
        return UInt32(low) | UInt32(high) << 16
    }
}
