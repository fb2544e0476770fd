import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Reads what a kernel file says about itself: the configuration in it (IKCONFIG), and a bzImage's release.
///
/// The kernel proper is mostly compressed: in a bzImage at `payload_offset` (Linux, Documentation/arch/x86/boot.rst), in
/// an EFI zboot image where its header says (drivers/firmware/efi/libstub/zboot-header.S), or the file as a whole.
/// In it the configuration stands, compressed with gzip, between `IKCFG_ST` and `IKCFG_ED` (kernel/configs.c).
struct KernelConfiguration {
    /// Of the file. A kernel is a few MiB to a few dozen; what is larger is not looked into.
    static let largestKernel = 128 << 20
    private static let largestConfiguration = 4 << 20

    /// The text of `.config`; nil when it is not in there.
    private(set) var text: String?
    /// `6.1.0-18-amd64`; nil when the file does not say so.
    private(set) var version: String?

    init(kernel: [UInt8]) {
        version = Self.version(kernel)
        text = Self.text(in: kernel)
    }

    /// Of a bzImage, at the offset in its header, less 0x200 (boot protocol, `kernel_version`).
    private static func version(_ kernel: [UInt8]) -> String? {
        guard isBzImage(kernel), let offset = integer(kernel, at: 0x20e, bytes: 2), offset > 0 else { return nil }
        let start = offset + 0x200
        guard start < kernel.count else { return nil }
        let text = kernel[start..<min(start + 128, kernel.count)].prefix { $0 != 0 && $0 != UInt8(ascii: " ") }
        return String(decoding: text, as: UTF8.self)
    }

    private static func text(in kernel: [UInt8]) -> String? {
        if let found = configuration(in: kernel[...]) { return found }
        guard let payload = payload(of: kernel) else { return nil }
        var scanner = ConfigurationScanner(limit: largestConfiguration)
        kernel[payload].withUnsafeBytes { bytes in
            // Behind the compressed data stand its length and other things that are none: what was read until an error
            // counts.
            try? DecompressedInput.readKernel(bytes) { piece in
                scanner.add(piece)
                return !scanner.isComplete
            }
        }
        return scanner.configuration.flatMap(unpack)
    }

    /// Where the compressed kernel is; nil when there is none.
    private static func payload(of kernel: [UInt8]) -> Range<Int>? {
        if isBzImage(kernel), let version = integer(kernel, at: 0x206, bytes: 2), version >= 0x208,
            let sectors = integer(kernel, at: 0x1f1, bytes: 1), let offset = integer(kernel, at: 0x248, bytes: 4),
            let length = integer(kernel, at: 0x24c, bytes: 4)
        {
            // The payload counts from the end of the real-mode code; 0 sectors mean 4.
            let start = ((sectors == 0 ? 4 : sectors) + 1) * 512 + offset
            return start < kernel.count ? start..<min(start + length, kernel.count) : nil
        }
        if kernel.starts(with: "MZ".utf8), kernel.dropFirst(4).starts(with: "zimg".utf8),
            let start = integer(kernel, at: 8, bytes: 4), let length = integer(kernel, at: 12, bytes: 4)
        {
            return start < kernel.count ? start..<min(start + length, kernel.count) : nil
        }
        return kernel.isEmpty ? nil : 0..<kernel.count
    }

    private static func configuration(in bytes: ArraySlice<UInt8>) -> String? {
        var scanner = ConfigurationScanner(limit: largestConfiguration)
        bytes.withUnsafeBytes { scanner.add($0) }
        return scanner.configuration.flatMap(unpack)
    }

    private static func unpack(_ compressed: [UInt8]) -> String? {
        var text: [UInt8] = []
        compressed.withUnsafeBytes { bytes in
            try? DecompressedInput.readKernel(bytes) { piece in
                text += piece
                return text.count < largestConfiguration
            }
        }
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }

    private static func isBzImage(_ kernel: [UInt8]) -> Bool {
        kernel.count > 0x260 && kernel[0x202...].starts(with: "HdrS".utf8)
    }

    /// Little-endian.
    private static func integer(_ bytes: [UInt8], at offset: Int, bytes count: Int) -> Int? {
        guard offset + count <= bytes.count else { return nil }
        return bytes[offset..<(offset + count)].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}

/// Finds what stands between the two marks in a stream of pieces.
private struct ConfigurationScanner {
    private static let begin = Array("IKCFG_ST".utf8)
    private static let end = Array("IKCFG_ED".utf8)
    /// Which byte of the marks is looked for: `I` begins every second instruction of x86, `G` hardly any.
    private static let rare = 4

    let limit: Int
    /// The end of what was seen, or everything since the first mark.
    private var kept: [UInt8] = []
    private var hasBegun = false
    private(set) var isComplete = false

    init(limit: Int) { self.limit = limit }

    /// What stood between the marks.
    var configuration: [UInt8]? { isComplete && hasBegun ? kept : nil }

    mutating func add(_ piece: UnsafeRawBufferPointer) {
        guard !isComplete else { return }
        let overlap = Self.begin.count - 1
        let searched = hasBegun ? max(0, kept.count - overlap) : 0
        if !hasBegun {
            var window = kept
            window.append(contentsOf: piece)
            guard let start = Self.find(Self.begin, in: window, from: 0) else {
                kept = Array(window.suffix(overlap))
                return
            }
            hasBegun = true
            kept = Array(window[(start + Self.begin.count)...])
        } else {
            kept.append(contentsOf: piece)
        }
        if let stop = Self.find(Self.end, in: kept, from: searched) {
            kept.removeSubrange(stop...)
            isComplete = true
        } else if kept.count > limit {
            // The mark was not one: the text that looks for it is in every kernel that has it.
            hasBegun = false
            kept = Array(kept.suffix(overlap))
        }
    }

    private static func find(_ mark: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBytes { haystack -> Int? in
            guard let base = haystack.baseAddress else { return nil }
            var position = start
            while position + mark.count <= haystack.count {
                let rest = haystack.count - mark.count + 1 - position
                guard let found = memchr(base + position + rare, CInt(mark[rare]), rest) else { return nil }
                position = UnsafeRawPointer(found) - base - rare
                if memcmp(base + position, mark, mark.count) == 0 { return position }
                position += 1
            }
            return nil
        }
    }
}

extension DecompressedInput {
    /// Decompresses a kernel, or what is in one.
    /// - Parameter body: takes the next bytes, and says whether it wants more.
    fileprivate static func readKernel(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) -> Bool
    ) throws(BuildError) {
        let input = try DecompressedInput(bytes, name: "the kernel", filters: ArchiveFilter.kernels)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = try input.read(into: buffer)
            guard count > 0, body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return }
        }
    }
}
