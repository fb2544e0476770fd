import Foundation
import Testing

@testable import Init

@Suite("SHA-256")
struct SHA256Tests {
    /// FIPS 180-4's examples (NIST, Cryptographic Standards and Guidelines, Example Values), and the empty message of its
    /// validation suite (SHAVS).
    private static let vectors = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ]

    private static func digest(_ pieces: [[UInt8]]) -> String {
        var hash = SHA256()
        for piece in pieces { hash.update(piece) }
        return hash.finish().hexadecimal
    }

    @Test("NIST's vectors, whole and byte by byte", arguments: vectors)
    func vector(text: String, digest: String) {
        let bytes = Array(text.utf8)
        #expect(Self.digest([bytes]) == digest)
        #expect(Self.digest(bytes.map { [$0] }) == digest)
    }

    @Test("a million times the letter a, in pieces of every size up to 130")
    func million() {
        var pieces: [[UInt8]] = []
        var rest = 1_000_000
        while rest > 0 {
            let count = min(rest, pieces.count % 130 + 1)
            pieces.append([UInt8](repeating: 0x61, count: count))
            rest -= count
        }
        #expect(Self.digest(pieces) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }
}
