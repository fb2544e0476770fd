import Testing
import Vocabulary

@testable import PXE

@Suite("Names of resources in URLs")
struct ResourcePathTests {
    private static let hex = Digest.sample.hex
    private static let boot = "0123456789abcdefghjkmnpqrs"

    @Test(
        "107, 108: a path is one of the closed set",
        arguments: [
            ("/snponly.efi", .loader("snponly.efi")), ("//grubx64.efi", .loader("grubx64.efi")),
            ("/loader/mmx64.efi", .loader("mmx64.efi")), ("/loader//./x", .loader("x")),
            ("/boot.ipxe", .ipxeScript(nil)), ("/boot.ipxe/", .ipxeScript(nil)),
            ("/boot.ipxe/52-54-00-12-34-56", .ipxeScript(BootRequest.sampleMAC)),
            ("/boot.ipxe/52%3a54%3A00:12:34:56", .ipxeScript(BootRequest.sampleMAC)),
            ("/autoexec.ipxe", .ipxeScript(nil)), ("/loader/autoexec.ipxe", .ipxeScript(nil)),
            ("/grub.cfg", .grubConfiguration(nil)), ("/grub/grub.cfg", .grubConfiguration(nil)),
            ("/grub/grub.cfg-01-525400123456", .grubConfiguration(BootRequest.sampleMAC)),
            ("/grub/grub.cfg-01-", .grubConfiguration(nil)), ("/healthz", .health),
            ("/images/\(hex)/kernel", .image(.sample, part: "kernel")),
            ("/images/\(hex)/manifest.json?x", .image(.sample, part: "manifest.json")),
            ("/blobs/sha256/\(hex)", .blob(.sample)),
            ("/boots/\(boot)/kernel", .boot(BootID(boot)!, part: "kernel")),
            ("/boots/\(boot)/report", .call(BootID(boot)!, .report)),
            ("/boots/\(boot)/orders", .call(BootID(boot)!, .orders)),
            ("/boots/\(boot)/segment", .call(BootID(boot)!, .segment)),
            ("http://192.0.2.1:80/healthz", .health), ("/%68ealthz#x", .health),
        ] as [(String, ResourceName)]
    )
    func known(path: String, name: ResourceName) throws {
        let target = try #require(RequestTarget(path))
        #expect(ResourceName(components: target.components) == name)
    }

    @Test(
        "and everything else is nothing",
        arguments: [
            "", "/", "*", "x", "/..", "/a/../healthz", "/%2e%2e/x", "/a%00", "/%", "/%1", "/%gg", "/.hidden", "/a%20b",
            "/a%0ab", "/\u{e9}", "/grub.cfg-C0A8", "/grub.cfg-01-x", "/grub/x86_64-efi/fs.lst", "/images/\(hex)",
            "/images/\(hex.uppercased())/kernel", "/images/\(hex)0/kernel", "/blobs/md5/\(hex)", "/blobs/sha256/x",
            "/boots/\(boot)/reports", "/boots/x/report", "/boots/\(boot)i/kernel", "/boots/../kernel", "/a/b",
            "/loader/a/b/c",
            "ftp://x/healthz", "http://x",
        ] + ["/" + String(repeating: "a", count: 129)]
    )
    func unknown(path: String) {
        #expect(RequestTarget(path).flatMap { ResourceName(components: $0.components) } == nil)
    }

    @Test(
        "a query's values are found by their whole names, decoded; the first of a name counts",
        arguments: [
            ("mac=a", "a"), ("x=1&mac=a", "a"), ("mac=a&mac=b", "a"), ("mac=", ""), ("mac=a=b", "a=b"),
            ("mac=%41%20b", "A b"), ("mac=a+b", "a+b"), ("mac=\u{e9}", "\u{e9}"), ("amac=x&mac=a", "a"),
            ("mac&mac=a", "a"),
            ("macs=x&mac=a", "a"), ("&&mac=a&", "a"), ("mac=a?b", "a?b"),
            ("", nil), ("mac", nil), ("ma", nil), ("=a", nil), ("amac=a", nil), ("x&macs=a", nil), ("MAC=a", nil),
            ("m%61c=a", nil), ("mac=%4", nil), ("mac=%zz&mac=a", nil), ("mac=%ff", nil), ("mac#=a", nil),
        ] as [(String, String?)]
    )
    func queryValues(query: String, value: String?) throws {
        let target = try #require(RequestTarget("/boot.ipxe?" + query))
        #expect(target.text(of: "mac") == value)
    }

    @Test(
        "dates are those of RFC 9110",
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
        ] as [(Int64, String)]
    )
    func dates(second: Int64, text: String) {
        #expect(String(decoding: HTTPDate.format(second: second), as: UTF8.self) == text)
    }

    @Test("104: UEFI knows a loader and a disk image by their types")
    func mediaTypes() {
        #expect(MediaType.ofFile(named: "snponly.efi") == "application/efi")
        #expect(MediaType.ofFile(named: "X.EFI") == "application/efi")
        #expect(MediaType.ofFile(named: "a.iso") == "application/vnd.efi-iso")
        #expect(MediaType.ofFile(named: "a.img") == "application/vnd.efi-img")
        #expect(MediaType.ofFile(named: "undionly.kpxe") == "application/octet-stream")
        #expect(MediaType.ofFile(named: "efi") == "application/octet-stream")
    }
}
