import Foundation
import Vocabulary

@testable import Build

/// Writes tar archives for tests, byte for byte as asked, well-formed or not (POSIX.1-2017, pax, ustar).
struct TarArchive {
    private(set) var bytes: [UInt8] = []

    /// One entry. Names of more than 100 bytes, attributes and sparse maps go into a pax header before it.
    mutating func add(
        _ path: BytePath,
        type: Character = "0",
        contents: [UInt8] = [],
        link: BytePath = "",
        mode: Int = 0o644,
        owner: Int = 0,
        group: Int = 0,
        modified: Int = 1_600_000_000,
        device: (Int, Int) = (0, 0),
        attributes: [(String, [UInt8])] = [],
        records: [(String, [UInt8])] = []
    ) {
        var pax = records + attributes.map { ("SCHILY.xattr.\($0.0)", $0.1) }
        if path.bytes.count > 100 { pax.append(("path", path.bytes)) }
        if link.bytes.count > 100 { pax.append(("linkpath", link.bytes)) }
        if !pax.isEmpty {
            let data = pax.flatMap(Self.record)
            header("PaxHeader", type: "x", size: data.count, link: "", mode: 0o644, 0, 0, 0, (0, 0))
            content(data)
        }
        header(path, type: type, size: contents.count, link: link, mode: mode, owner, group, modified, device)
        content(contents)
    }

    mutating func directory(_ path: BytePath, mode: Int = 0o755, owner: Int = 0, group: Int = 0) {
        add(BytePath(path.bytes + [UInt8(ascii: "/")]), type: "5", mode: mode, owner: owner, group: group)
    }

    mutating func symbolicLink(_ path: BytePath, to target: BytePath) {
        add(path, type: "2", link: target, mode: 0o777)
    }

    mutating func hardLink(_ path: BytePath, to target: BytePath) { add(path, type: "1", link: target) }

    /// With the two empty blocks at the end.
    var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    /// `LENGTH KEY=VALUE\n`, LENGTH being of all of it.
    static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = [UInt8(ascii: " ")] + Array(key.utf8) + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
        var length = rest.count
        while String(length).utf8.count + rest.count != length { length = String(length).utf8.count + rest.count }
        return Array(String(length).utf8) + rest
    }

    private mutating func header(
        _ path: BytePath,
        type: Character,
        size: Int,
        link: BytePath,
        mode: Int,
        _ owner: Int,
        _ group: Int,
        _ modified: Int,
        _ device: (Int, Int)
    ) {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: some Collection<UInt8>, at offset: Int, limit: Int) {
            for (index, byte) in text.prefix(limit).enumerated() { block[offset + index] = byte }
        }
        func put(number: Int, at offset: Int, digits: Int) {
            let octal = String(number, radix: 8)
            put(
                Array((String(repeating: "0", count: max(0, digits - octal.count)) + octal).utf8),
                at: offset,
                limit: digits
            )
        }
        put(path.bytes, at: 0, limit: 100)
        put(number: mode, at: 100, digits: 7)
        put(number: owner, at: 108, digits: 7)
        put(number: group, at: 116, digits: 7)
        put(number: size, at: 124, digits: 11)
        put(number: modified, at: 136, digits: 11)
        put([UInt8](repeating: UInt8(ascii: " "), count: 8), at: 148, limit: 8)
        put(type.utf8, at: 156, limit: 1)
        put(link.bytes, at: 157, limit: 100)
        put(Array("ustar\u{0}00".utf8), at: 257, limit: 8)
        put(number: device.0, at: 329, digits: 7)
        put(number: device.1, at: 337, digits: 7)
        put(number: block.reduce(0) { $0 + Int($1) }, at: 148, digits: 6)
        block[154] = 0
        bytes += block
    }

    private mutating func content(_ data: [UInt8]) {
        bytes += data + [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
    }
}

extension LayerBlob {
    /// A layer that lies in a directory of its own test.
    init(_ bytes: [UInt8], in directory: TemporaryDirectory) throws {
        let digest = Digest(of: bytes)
        let path = directory.path(digest.hex)
        try Data(bytes).write(to: URL(filePath: path))
        self.init(digest: digest, size: UInt64(bytes.count), mediaType: OCIMediaType.layer, path: path)
    }
}
