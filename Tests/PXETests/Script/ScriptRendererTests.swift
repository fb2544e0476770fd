import Foundation
import Testing
import Vocabulary

@testable import PXE

@Suite("Rendered scripts")
struct ScriptRendererTests {
    let renderer = ScriptRenderer()
    let hex = String(repeating: "ab", count: 32)

    private func text(_ answer: BootAnswer, _ request: BootRequest) -> String {
        String(decoding: renderer.render(answer, for: request), as: UTF8.self)
    }

    @Test("109, 119: an iPXE boot is the magic line, the kernel with its arguments, the initrd by name, and a retry")
    func ipxeBoot() {
        let boot = BootInstructions.sample()
        let lines = text(.boot(boot), .ipxe()).split(separator: "\n", omittingEmptySubsequences: false)
        let arguments =
            "console=ttyS0 initrd=initrd muster.boot=\(boot.boot) muster.machine=n12 "
            + "muster.url=http://192.0.2.1:8080 BOOTIF=01-52-54-00-12-34-56 muster.image=\(hex.prefix(12))"
        let base = "http://192.0.2.1:8080/images/\(hex)"
        #expect(lines.first == "#!ipxe")
        #expect(lines.contains("kernel \(base)/kernel?boot=\(boot.boot) \(arguments) || goto failed"))
        #expect(lines.contains("initrd --name initrd \(base)/initrd?boot=\(boot.boot) || goto failed"))
        #expect(lines.contains("boot ||"))
        #expect(lines.last == "")
        let again = lines.last { $0.hasPrefix("chain") }
        #expect(again?.hasSuffix(" || goto again") == true)
        #expect(again?.contains("/boot.ipxe?mac=52-54-00-12-34-56&uuid=${uuid}&serial=${serial:uristring}") == true)
    }

    @Test("118: without an initrd its line and its argument are left out, so that a unified kernel image boots")
    func noInitrd() {
        let script = text(.boot(.sample(hasInitrd: false)), .ipxe())
        #expect(!script.contains("initrd"))
        #expect(script.contains("\nboot ||\n"))
        let grub = text(.boot(.sample(hasInitrd: false)), .grub())
        #expect(!grub.contains("if initrd"))
    }

    @Test("120: a machine segment is the last initrd, for iPXE in a line of its own, for GRUB in the same command")
    func segment() throws {
        let boot = BootInstructions.sample(hasSegment: true)
        let script = text(.boot(boot), .ipxe())
        let image = try #require(script.range(of: "\ninitrd --name initrd http"))
        let url = "http://192.0.2.1:8080/boots/\(boot.boot)/segment"
        let segment = try #require(script.range(of: "\ninitrd --name segment \(url) || goto failed\n"))
        #expect(image.upperBound < segment.lowerBound)
        #expect(script.contains(" initrd=initrd initrd=segment muster.boot="))
        let place = "(tftp,192.0.2.1)/boots/\(boot.boot)"
        #expect(text(.boot(boot), .grub()).contains("if initrd \(place)/initrd \(place)/segment ; then"))
        let alone = BootInstructions.sample(hasInitrd: false, hasSegment: true)
        let first = "(tftp,192.0.2.1)/boots/\(alone.boot)/segment"
        #expect(text(.boot(alone), .grub()).contains("if initrd \(first) ; then"))
        #expect(!text(.boot(alone), .ipxe()).contains("initrd --name initrd"))
        #expect(!text(.boot(.sample()), .ipxe()).contains("segment"))
    }

    @Test("a script that was fetched over TLS stays on TLS")
    func secure() {
        let script = text(.boot(.sample()), .ipxe(isSecure: true))
        #expect(script.contains("kernel https://192.0.2.1:8080/images/"))
        #expect(script.contains("muster.url=https://192.0.2.1:8080"))
        #expect(!script.contains("http://"))
    }

    @Test("113, 116: a pause shows its lines, sleeps and chains again, and never ends")
    func ipxePause() {
        let script = text(.pause(Pause(lines: ["waiting for acceptance", "", "n 3"], seconds: 7)), .ipxe())
        #expect(script.hasPrefix("#!ipxe\n"))
        #expect(script.contains("echo -- waiting for acceptance\necho -- \necho -- n 3\n"))
        #expect(script.contains("${netX/mac}"))
        #expect(script.hasSuffix(" || goto again\n"))
        #expect(script.contains("\nsleep 7 ||\n"))
        #expect(script.contains("chain --replace --autofree http://192.0.2.1:8080/boot.ipxe?mac=52-54-00-12-34-56&"))
    }

    @Test(
        "a pause without lines, and without sense in its seconds, still waits and asks",
        arguments: [(0, 1), (-5, 1), (.max, 86_400)]
    )
    func oddPause(seconds: Int, expected: Int) {
        let script = text(.pause(Pause(lines: [], seconds: seconds)), .ipxe(mac: nil))
        #expect(script.contains("\nsleep \(expected) ||\n"))
        #expect(script.contains("/boot.ipxe?mac=${netX/mac:hexhyp}&"))
        #expect(!script.contains("echo -- "))
    }

    @Test("110: the start script asks with everything that iPXE knows")
    func ipxeStart() {
        let script = String(decoding: renderer.start(for: .ipxe(mac: nil)), as: UTF8.self)
        #expect(script.hasPrefix("#!ipxe\n"))
        let query =
            "mac=${netX/mac:hexhyp}&uuid=${uuid}&serial=${serial:uristring}&arch=${buildarch}&platform=${platform}"
        #expect(script.contains("chain --replace --autofree http://192.0.2.1:8080/boot.ipxe?\(query) || goto failed\n"))
        #expect(script.hasSuffix("goto start\n"))
    }

    @Test(
        "GRUB fetches the way its configuration came",
        arguments: [
            (BootRequest.grub(), "(tftp,192.0.2.1)"),
            (.grub(carrier: .http), "(http,192.0.2.1:8080)"),
            (.grub(carrier: .http, port: 80), "(http,192.0.2.1)"),
        ]
    )
    func grubBoot(request: BootRequest, device: String) {
        let boot = BootInstructions.sample()
        let script = text(.boot(boot), request)
        let port = request.server.port
        #expect(script.contains("if linux \(device)/boots/\(boot.boot)/kernel 'console=ttyS0' 'initrd=initrd' "))
        #expect(script.contains("'muster.url=http://192.0.2.1:\(port)' 'BOOTIF=01-52-54-00-12-34-56' 'muster.image="))
        #expect(script.contains("if initrd \(device)/boots/\(boot.boot)/initrd ; then"))
        #expect(script.contains("configfile \(device)/grub/grub.cfg-01-52-54-00-12-34-56 ;"))
        let start = String(decoding: renderer.start(for: .grub(mac: nil)), as: UTF8.self)
        #expect(start.contains("configfile (tftp,192.0.2.1)/grub/grub.cfg-01-$net_default_mac\n"))
    }

    @Test(
        "119: a command line that the kernel would cut off is refused on the machine's screen, with the numbers",
        arguments: [
            (Architecture.amd64, 2047), (.arm64, 2047), (.arm, 1023), (.riscv64, 1023), (.loong64, 4095), (nil, 2047),
        ] as [(Architecture?, Int)]
    )
    func tooLong(architecture: Architecture?, limit: Int) {
        let request = BootRequest.ipxe(architecture: architecture)
        let base = KernelCommandLine(
            arguments: "a",
            boot: .preview,
            machine: "n12",
            mac: BootRequest.sampleMAC,
            url: "http://192.0.2.1:8080",
            hasInitrd: true,
            image: BootInstructions.sample().image
        ).bytes.count
        var boot = BootInstructions.sample()
        boot.boot = .preview
        boot.commandLine = String(repeating: "a", count: limit - base + 1)
        #expect(text(.boot(boot), request).contains("\nkernel http"))
        boot.commandLine += "a"
        let refusal = text(.boot(boot), request)
        #expect(!refusal.contains("\nkernel http"))
        #expect(refusal.contains("command line has \(limit + 1) bytes, and its kernel takes \(limit)\n"))
        #expect(refusal.contains("\nchain --replace"))
    }

    @Test("rendering is pure: the same request has the same bytes")
    func pure() {
        let boot = BootInstructions.sample()
        #expect(renderer.render(.boot(boot), for: .ipxe()) == renderer.render(.boot(boot), for: .ipxe()))
    }
}
