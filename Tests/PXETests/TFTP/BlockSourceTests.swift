import Testing

@testable import PXE

/// The bytes of the blocks.
@Suite struct BlockSourceTests {
    private func source(
        _ pieces: [[UInt8]],
        mode: ReadRequest.Mode = .octet,
        blockSize: Int = 512,
        window: Int = 1
    ) -> BlockSource {
        var options = TransferOptions()
        options.blockSize = blockSize
        options.windowSize = window
        let content = Content(pieces: pieces.map { .bytes($0) }, digest: nil, mediaType: "", isImmutable: false)
        return BlockSource(content, mode: mode, options: options)
    }

    /// Every block up to the first short one.
    private func blocks(_ source: BlockSource, blockSize: Int) throws -> [[UInt8]] {
        var result: [[UInt8]] = []
        repeat {
            result.append(try source.withBlocks(UInt64(result.count + 1), count: 1) { Array($0) })
        } while result.last?.count == blockSize
        return result
    }

    @Test(
        "1, 2, 3: full blocks, then a short one, perhaps empty",
        arguments: [(0, [0]), (1, [1]), (511, [511]), (512, [512, 0]), (513, [512, 1]), (1024, [512, 512, 0])]
    )
    func lengths(length: Int, expected: [Int]) throws {
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let source = source([bytes])
        let blocks = try blocks(source, blockSize: 512)
        #expect(blocks.map(\.count) == expected)
        #expect(blocks.flatMap { $0 } == bytes)
        #expect(source.lastBlock == UInt64(expected.count))
    }

    @Test("pieces join without a seam", arguments: [1, 7, 512, 1468])
    func pieces(blockSize: Int) throws {
        let pieces = [1, 0, 513, 70_000, 3].map { count in (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ count) } }
        let source = source(pieces, blockSize: blockSize)
        #expect(try blocks(source, blockSize: blockSize).flatMap { $0 } == pieces.flatMap { $0 })
    }

    @Test("a window may be had again from any block")
    func windingBack() throws {
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 / 251) }
        let source = source([bytes], blockSize: 1000, window: 64)
        for first in [1, 60, 61, 2, 200, 240, 1, 299] {
            let got = try source.withBlocks(UInt64(first), count: source.blocksAtOnce) { Array($0) }
            #expect(got == Array(bytes[((first - 1) * 1000)...].prefix(source.blocksAtOnce * 1000)))
        }
    }

    @Test("whole windows are read at once, or equal parts of one", arguments: [(1, 22), (16, 32), (44, 44), (64, 32)])
    func readAhead(window: Int, blocks: Int) {
        let source = source([[UInt8](repeating: 1, count: 200_000)], blockSize: 1468, window: window)
        #expect(source.blocksAtOnce == blocks)
    }

    @Test("what was prepared is what is asked for, and what lies before it can be had again")
    func preparing() throws {
        let bytes = (0..<100_100).map { UInt8(truncatingIfNeeded: $0 / 251) }
        let source = source([bytes], blockSize: 1000, window: 16)
        for first in stride(from: 1, through: 101, by: 16) {
            let count = min(16, 102 - first)
            let expected = Array(bytes[((first - 1) * 1000)...].prefix(count * 1000))
            #expect(try source.withBlocks(UInt64(first), count: count) { Array($0) } == expected)
            source.prepare(UInt64(first + count), count: 16)  // past the end after the last window
            #expect(try source.withBlocks(UInt64(first), count: count) { Array($0) } == expected)
            source.prepare(UInt64(first + count), count: 16)
        }
    }

    @Test("an encoder, which only goes forward, prepares nothing")
    func preparingNetascii() throws {
        let source = source([Array("abc\n".utf8)], mode: .netascii, blockSize: 8)
        source.prepare(1, count: 1)
        #expect(try source.withBlocks(1, count: 1) { Array($0) } == Array("abc\r\n".utf8))
    }

    @Test("an empty file has one empty block, prepared or not")
    func preparingNothing() throws {
        let source = source([[]], window: 16)
        source.prepare(1, count: 1)
        #expect(try source.withBlocks(1, count: 1) { $0.count } == 0)
    }

    @Test(
        "5: netascii, with blocks cut from the translation",
        arguments: [
            ("", ""), ("a\n", "a\r\n"), ("a\rb", "a\r\0b"), ("a\r\nb", "a\r\0\r\nb"), ("\n\n\n", "\r\n\r\n\r\n"),
            (String(repeating: "x", count: 7) + "\n", String(repeating: "x", count: 7) + "\r\n"),
            (String(repeating: "\n", count: 8), String(repeating: "\r\n", count: 8)),
        ]
    )
    func netascii(file: String, translated: String) throws {
        let source = source([Array(file.utf8)], mode: .netascii, blockSize: 8)
        #expect(source.lastBlock == nil)
        let blocks = try blocks(source, blockSize: 8)
        #expect(blocks.dropLast().allSatisfy { $0.count == 8 })
        #expect(blocks.flatMap { $0 } == Array(translated.utf8))
        // The last one can be had again: its ACK may be lost.
        #expect(try source.withBlocks(UInt64(blocks.count), count: 1) { Array($0) } == blocks.last)
    }
}
