import Testing
import Vocabulary

@testable import PXE

/// Names become resources or nothing.
@Suite struct TFTPNamesTests {
    static let hex = String(repeating: "0123456789abcdef", count: 4)
    static let boot = "01jb3v5d7k9m2n4p6q8r0s1t3w"
    static let mac = MACAddress(rawValue: 0x5254_0012_3456)

    static var names: [(BytePath, ResourceName)] {
        get throws {
            let digest = try #require(Digest(hex: hex))
            let id = try #require(BootID(boot))
            return [
                ("snponly.efi", .loader("snponly.efi")),
                ("/snponly.efi", .loader("snponly.efi")),
                ("//snponly.efi", .loader("snponly.efi")),
                ("\\snponly.efi", .loader("snponly.efi")),
                ("./snponly.efi", .loader("snponly.efi")),
                ("loader/snponly.efi", .loader("snponly.efi")),
                ("pxelinux.0", .loader("pxelinux.0")),
                (BytePath(Array("undionly.kpxe".utf8) + [0xff]), .loader("undionly.kpxe")),
                // Option 67 had no NUL, and the firmware read on into the option after it.
                (BytePath(Array("snponly.efi".utf8) + [0x0c, 0x03, 0x6e, 0x31, 0x32]), .loader("snponly.efi")),
                (BytePath(Array("undionly.kpxe".utf8) + [0xff, 0x41, 0x42]), .loader("undionly.kpxe")),
                (BytePath(Array("undionly.kpxe".utf8) + [0x0d, 0x0a]), .loader("undionly.kpxe")),
                ("autoexec.ipxe", .ipxeScript(nil)),
                ("/autoexec.ipxe", .ipxeScript(nil)),
                ("grub.cfg", .grubConfiguration(nil)),
                ("grub/grub.cfg", .grubConfiguration(nil)),
                ("/grub//grub.cfg", .grubConfiguration(nil)),
                ("grub/grub.cfg-01-52-54-00-12-34-56", .grubConfiguration(mac)),
                ("grub/grub.cfg-01-52:54:00:12:34:56", .grubConfiguration(mac)),
                (BytePath("boots/\(boot)/kernel"), .boot(id, part: "kernel")),
                (BytePath("/boots/\(boot)/initrd"), .boot(id, part: "initrd")),
                (BytePath("images/\(hex)/kernel"), .image(digest, part: "kernel")),
                (BytePath("images\\\(hex)\\initrd"), .image(digest, part: "initrd")),
            ]
        }
    }

    @Test("18, 94, 95, 96: spellings of the same name")
    func names() throws {
        for (name, resource) in try Self.names {
            #expect(try ResourceName(tftp: name) == resource, "\(name)")
        }
    }

    @Test(
        "17, 108: unknown names are not found",
        arguments: [
            "", "/", ".", "etc/hostname", "grub/x86_64-efi/command.lst", "grub/grub.cfg-C0A84D0A",
            "grub/grub.cfg-01-xx",
            "boots/x/kernel", "boots/\(boot)/report", "boots/\(boot)", "images/abc/kernel", "images/\(hex)", "a/b/c/d",
            "%2e%2e/%2e%2e/etc/hostname",
        ]
    )
    func unknown(name: String) {
        #expect(refusal(BytePath(name)) == .fileNotFound)
    }

    @Test(
        "18: climbing is refused",
        arguments: ["../../etc/hostname", "..\\..\\etc\\hostname", "/../etc/shadow", "grub/../../etc/shadow", ".."]
    )
    func climbing(name: String) {
        #expect(refusal(BytePath(name)) == .accessViolation)
    }

    @Test("no bytes make a resource whose name holds a slash, a dot-dot or a control character")
    func hostileBytes() {
        var generator = SeededGenerator(seed: 18)
        let alphabet = Array("./\\%~ab\0\r\n\u{ff}é".utf8)
        for _ in 0..<20_000 {
            let length = Int.random(in: 0..<40, using: &generator)
            let bytes = (0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] }
            guard case .loader(let file)? = try? ResourceName(tftp: BytePath(bytes)) else { continue }
            #expect(file.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") } && file != "..")
        }
    }

    private func refusal(_ name: BytePath) -> TFTPError.Code? {
        do throws(TFTPError) {
            _ = try ResourceName(tftp: name)
            return nil
        } catch {
            return error.code
        }
    }
}
