/// What a program or a shared library says that it needs (System V ABI, ELF-64 object files and dynamic linking).
///
/// Only 64-bit little-endian files are looked into: those of amd64, arm64 and riscv64.
struct ELFFile: Hashable, Sendable {
    /// `e_machine`: 62 is amd64's, 183 arm64's, 243 riscv64's.
    var machine: UInt16
    /// The dynamic loader, a whole path (`PT_INTERP`); nil of libraries and static programs.
    var interpreter: String?
    /// The names of libraries (`DT_NEEDED`), in their order.
    var needed: [String] = []
    /// Directories in which they are looked for first (`DT_RUNPATH`, else `DT_RPATH`); `$ORIGIN` is the file's own.
    var searchPath: [String] = []

    /// Reads `count` bytes from an offset on.
    typealias Reader = (_ offset: UInt64, _ count: Int) throws -> [UInt8]

    private static let mostSegments = 1024
    private static let largestTable = 16 << 20

    /// - Parameter size: of the file, in bytes.
    /// - Returns: nil for what is no ELF file of 64 bits.
    /// - Throws: `BuildError` for one whose tables point outside of it; whatever `read` throws.
    init?(size: UInt64, name: String, read: Reader) throws {
        guard size >= 64 else { return nil }
        let header = Fields(try read(0, 64))
        guard header.bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]) else { return nil }
        machine = UInt16(header[18, 2])
        func table(_ offset: UInt64, _ count: UInt64, _ what: String) throws -> Fields {
            guard count <= Self.largestTable, offset <= size, count <= size - offset else {
                throw BuildError(.corrupt, "cannot read \(name): its \(what) lies outside of the file")
            }
            return Fields(try read(offset, Int(count)))
        }
        let (segmentSize, segmentCount) = (header[54, 2], header[56, 2])
        guard segmentCount > 0 else { return }
        guard segmentSize >= 56, segmentCount <= Self.mostSegments else {
            throw BuildError(.corrupt, "cannot read \(name): its program headers are none")
        }
        let headers = try table(header[32, 8], segmentSize * segmentCount, "table of program headers")
        var segments: [Segment] = []
        for index in 0..<Int(segmentCount) { segments.append(Segment(headers, at: index * Int(segmentSize))) }
        if let interpreter = segments.first(where: { $0.type == 3 }) {
            let bytes = try table(interpreter.offset, interpreter.fileSize, "interpreter's name").bytes
            self.interpreter = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        guard let dynamic = segments.first(where: { $0.type == 2 }) else { return }
        let entries = try table(dynamic.offset, dynamic.fileSize, "dynamic section")
        try readDynamic(entries, segments, name, table)
    }

    private mutating func readDynamic(
        _ entries: Fields,
        _ segments: [Segment],
        _ name: String,
        _ table: (UInt64, UInt64, String) throws -> Fields
    ) throws {
        var values: [(tag: UInt64, value: UInt64)] = []
        for offset in stride(from: 0, to: entries.bytes.count - 15, by: 16) {
            let tag = entries[offset, 8]
            if tag == 0 { break }
            values.append((tag, entries[offset + 8, 8]))
        }
        func first(_ tag: UInt64) -> UInt64? { values.first { $0.tag == tag }?.value }
        guard let address = first(5), let length = first(10) else { return }
        // The table of strings is given by its address in memory.
        guard let segment = segments.first(where: { $0.type == 1 && $0.holds(address) }) else {
            throw BuildError(.corrupt, "cannot read \(name): its strings lie in no segment")
        }
        let strings = try table(segment.offset + (address - segment.address), length, "table of strings").bytes
        func text(_ offset: UInt64) throws -> String {
            guard offset < UInt64(strings.count) else {
                throw BuildError(.corrupt, "cannot read \(name): a name lies outside of its table of strings")
            }
            return String(decoding: strings[Int(offset)...].prefix { $0 != 0 }, as: UTF8.self)
        }
        needed = try values.filter { $0.tag == 1 }.map { try text($0.value) }
        if let path = first(29) ?? first(15) {
            searchPath = try text(path).split(separator: ":").map(String.init)
        }
    }

    private struct Segment {
        var type: UInt64
        var offset: UInt64
        var address: UInt64
        var fileSize: UInt64

        init(_ table: Fields, at start: Int) {
            type = table[start, 4]
            offset = table[start + 8, 8]
            address = table[start + 16, 8]
            fileSize = table[start + 32, 8]
        }

        func holds(_ place: UInt64) -> Bool { place >= address && place - address < fileSize }
    }

    /// Numbers of two to eight bytes, the lowest first.
    private struct Fields {
        let bytes: [UInt8]

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        /// 0 beyond the end.
        subscript(offset: Int, count: Int) -> UInt64 {
            guard offset >= 0, offset + count <= bytes.count else { return 0 }
            return bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}
