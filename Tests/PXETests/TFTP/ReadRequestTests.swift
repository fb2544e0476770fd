import Testing
import Vocabulary

@testable import PXE

/// What arrives at the server's port.
@Suite struct ReadRequestTests {
    static func packet(_ opcode: UInt16, _ strings: String...) -> [UInt8] {
        [UInt8(opcode >> 8), UInt8(opcode & 255)] + strings.flatMap { Array($0.utf8) + [0] }
    }

    @Test("4: modes in any case", arguments: ["octet", "OCTET", "Octet", "NetAscii", "netascii"])
    func modes(text: String) throws {
        let request = try ReadRequest(parsing: Self.packet(1, "file", text))
        #expect(request.mode == (text.lowercased() == "octet" ? .octet : .netascii))
    }

    @Test("6: mail and unknown modes are refused", arguments: ["mail", "MAIL", "binary", "", "octet "])
    func refusedModes(text: String) {
        #expect(refusal(Self.packet(1, "file", text)) == .illegalOperation)
    }

    @Test("16: writing is refused")
    func write() {
        #expect(refusal(Self.packet(2, "file", "octet")) == .accessViolation)
    }

    @Test(
        "35: malformed requests are told so",
        arguments: [
            [0, 1], [0, 1, 0], [0, 1, 0, 0], [0, 1, 0x61], [0, 1] + Array("file".utf8),
            [0, 1] + Array("\0octet\0".utf8),
            [0, 1] + [UInt8](repeating: 0x61, count: 513) + Array("\0octet\0".utf8),
        ] as [[UInt8]]
    )
    func malformed(bytes: [UInt8]) {
        #expect(refusal(bytes) == .illegalOperation)
    }

    @Test("18: a request without its last NUL is taken")
    func noLastNUL() throws {
        let request = try ReadRequest(parsing: Array(Self.packet(1, "file", "octet").dropLast()))
        #expect(request.name == "file")
        #expect(request.mode == .octet)
    }

    @Test func optionsKeepTheirOrderAndSpelling() throws {
        let request = try ReadRequest(parsing: Self.packet(1, "f", "octet", "TSize", "0", "blksize", "1468"))
        #expect(request.options == [TFTPOption("TSize", "0"), TFTPOption("blksize", "1468")])
    }

    @Test func anOptionWithoutValueIsNone() throws {
        let request = try ReadRequest(parsing: Self.packet(1, "f", "octet", "blksize", "1468", "tsize"))
        #expect(request.options == [TFTPOption("blksize", "1468")])
    }

    @Test func manyOptionsAreCut() throws {
        let options = (0..<100).flatMap { Array("option\($0)\0\($0)\0".utf8) }
        let request = try ReadRequest(parsing: Self.packet(1, "f", "octet") + options)
        #expect(request.options.count == ReadRequest.mostOptions)
    }

    @Test("truncation at every byte is harmless")
    func truncations() {
        let whole = Self.packet(1, "undionly.kpxe", "octet", "blksize", "1432", "tsize", "0")
        for length in 0..<whole.count {
            do throws(TFTPError) {
                let request = try ReadRequest(parsing: whole[..<length])
                #expect(request.name == "undionly.kpxe")
            } catch {
                #expect(error.code == .illegalOperation)
            }
        }
    }

    private func refusal(_ bytes: [UInt8]) -> TFTPError.Code? {
        do throws(TFTPError) {
            _ = try ReadRequest(parsing: bytes)
            return nil
        } catch {
            return error.code
        }
    }
}

@Suite struct TFTPErrorTests {
    @Test("17: an ERROR's text ends with NUL, holds none, and fits")
    func packet() {
        let bytes = TFTPError(.fileNotFound, "no\u{0}pe" + String(repeating: "x", count: 600)).packet
        #expect(bytes.starts(with: [0, 5, 0, 1]))
        #expect(bytes.last == 0)
        #expect(!bytes.dropFirst(4).dropLast().contains(0))
        #expect(bytes.count <= 512)
    }
}
