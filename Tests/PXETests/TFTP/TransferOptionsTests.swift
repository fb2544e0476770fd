import Testing

@testable import PXE

/// What is agreed for which options.
@Suite struct TransferOptionsTests {
    private static let limits = TransferOptions.Limits(mtu: 1500, isIPv6: false, window: 64, size: 100_000)

    struct Case: Sendable, CustomTestStringConvertible {
        var subject: String
        var asked: [String]
        var answered: [String]
        var mode = ReadRequest.Mode.octet
        var limits = TransferOptionsTests.limits
        var testDescription: String { subject }
    }

    private static func limits(
        mtu: Int = 1500,
        isIPv6: Bool = false,
        size: UInt64 = 100_000
    ) -> TransferOptions.Limits {
        TransferOptions.Limits(mtu: mtu, isIPv6: isIPv6, window: 64, size: size)
    }

    static let cases: [Case] = [
        Case(subject: "19: any case", asked: ["BLKSIZE", "1024"], answered: ["BLKSIZE", "1024"]),
        Case(
            subject: "19: any order",
            asked: ["windowsize", "4", "tsize", "0", "blksize", "1468"],
            answered: ["windowsize", "4", "tsize", "100000", "blksize", "1468"]
        ),
        Case(
            subject: "20: the first of two wins",
            asked: ["blksize", "600", "BlkSize", "700"],
            answered: ["blksize", "600"]
        ),
        Case(
            subject: "21: unknown ones are left out",
            asked: ["frobnicate", "1", "tsize", "0"],
            answered: ["tsize", "100000"]
        ),
        Case(subject: "21: none known, nothing to acknowledge", asked: ["frobnicate", "1"], answered: []),
        Case(subject: "22: only what was asked for", asked: ["blksize", "512"], answered: ["blksize", "512"]),
        Case(subject: "25: smallest", asked: ["blksize", "8"], answered: ["blksize", "8"]),
        Case(subject: "25: below the smallest", asked: ["blksize", "7"], answered: []),
        Case(subject: "25: no number", asked: ["blksize", "abc"], answered: []),
        Case(subject: "25: empty", asked: ["blksize", ""], answered: []),
        Case(subject: "25: negative", asked: ["blksize", "-512"], answered: []),
        Case(subject: "25: beyond 64 bits", asked: ["blksize", "99999999999999999999999"], answered: []),
        Case(
            subject: "25: beyond the RFC's largest",
            asked: ["blksize", "65465"],
            answered: ["blksize", "65464"],
            limits: limits(mtu: 65536)
        ),
        Case(subject: "26: clamped to the MTU", asked: ["blksize", "8192"], answered: ["blksize", "1468"]),
        Case(
            subject: "26: jumbo frames",
            asked: ["blksize", "8192"],
            answered: ["blksize", "8192"],
            limits: limits(mtu: 9000)
        ),
        Case(
            subject: "38: IPv6 clamps to its header",
            asked: ["blksize", "8192"],
            answered: ["blksize", "1448"],
            limits: limits(isIPv6: true)
        ),
        Case(subject: "27: timeout", asked: ["timeout", "255"], answered: ["timeout", "255"]),
        Case(subject: "27: timeout 0", asked: ["timeout", "0"], answered: []),
        Case(subject: "27: timeout 300", asked: ["timeout", "300"], answered: []),
        Case(subject: "28: size", asked: ["tsize", "0"], answered: ["tsize", "100000"]),
        Case(subject: "28: netascii has no known size", asked: ["tsize", "0"], answered: [], mode: .netascii),
        Case(
            subject: "28: more than 4 GiB",
            asked: ["tsize", "0"],
            answered: ["tsize", "5368709121"],
            limits: limits(size: 5_368_709_121)
        ),
        Case(subject: "29: window", asked: ["windowsize", "16"], answered: ["windowsize", "16"]),
        Case(subject: "29: window 0", asked: ["windowsize", "0"], answered: []),
        Case(subject: "29: window too large", asked: ["windowsize", "65536"], answered: []),
        Case(subject: "33: window cap", asked: ["windowsize", "65535"], answered: ["windowsize", "64"]),
        Case(subject: "39: multicast", asked: ["multicast", "", "tsize", "0"], answered: ["tsize", "100000"]),
        Case(
            subject: "40: iPXE",
            asked: ["blksize", "1432", "tsize", "0"],
            answered: ["blksize", "1432", "tsize", "100000"]
        ),
        Case(
            subject: "40: U-Boot",
            asked: ["timeout", "5", "tsize", "0", "blksize", "1468"],
            answered: ["timeout", "5", "tsize", "100000", "blksize", "1468"]
        ),
        Case(
            subject: "40: EDK2",
            asked: ["tsize", "0", "blksize", "1468", "windowsize", "4"],
            answered: ["tsize", "100000", "blksize", "1468", "windowsize", "4"]
        ),
        Case(
            subject: "40: PXELINUX",
            asked: ["tsize", "0", "blksize", "1408"],
            answered: ["tsize", "100000", "blksize", "1408"]
        ),
    ]

    private func pairs(_ words: [String]) -> [TFTPOption] {
        stride(from: 0, to: words.count, by: 2).map { TFTPOption(words[$0], words[$0 + 1]) }
    }

    @Test("19, 20, 21, 22, 25, 26, 27, 28, 29, 33, 38, 39, 40: what is agreed for which options", arguments: cases)
    func agreement(_ example: Case) {
        let options = TransferOptions(answering: pairs(example.asked), mode: example.mode, limits: example.limits)
        #expect(options.acknowledged == pairs(example.answered))
        for option in options.acknowledged {
            if option.isNamed("blksize") { #expect(option.number == UInt64(options.blockSize)) }
            if option.isNamed("windowsize") { #expect(option.number == UInt64(options.windowSize)) }
            if option.isNamed("timeout") { #expect(option.number == options.timeout.map(UInt64.init)) }
        }
    }

    @Test func acknowledgementOnTheWire() {
        let options = TransferOptions(
            answering: pairs(["blksize", "1432", "tsize", "0"]),
            mode: .octet,
            limits: Self.limits
        )
        #expect(options.packet == [0, 6] + Array("blksize\u{0}1432\u{0}tsize\u{0}100000\u{0}".utf8))
    }
}
