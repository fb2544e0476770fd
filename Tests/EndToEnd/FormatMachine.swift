import Build
import FoundationEssentials

@testable import muster

/// An emulated machine without a network that boots one medium and is switched off by what it booted.
struct FormatMachine {
    let boot: FormatBoot
    /// Where the format's files lie.
    let directory: String
    /// The initrd of machines whose kernel is loaded from outside: it has the drivers for the root's disk.
    let drivers: String

    /// Seconds. Longer than the slowest boot on a busy host: emulated ones take about 10.
    private static let longest = "150"

    /// Runs the machine to its end.
    /// - Returns: what was on its console.
    func console() async throws -> String {
        await LabHost.shared.takeTurn()
        let result = await Swift.Result { try await run() }
        await LabHost.shared.giveTurn()
        return try result.get()
    }

    private func run() async throws -> String {
        // 124: timeout(1) ended it; the console says how far it came.
        try await HostProgram.run(
            "timeout",
            ["--kill-after=5", Self.longest, emulator] + machine() + (try await medium()),
            accepting: [124]
        )
    }

    private var emulator: String { boot.architecture == .arm64 ? "qemu-system-aarch64" : "qemu-system-x86_64" }

    private func machine() throws -> [String] {
        let common = [
            "-accel", "tcg", "-m", "512", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-serial", "stdio",
        ]
        switch boot.firmware {
        case .bios:
            return common + ["-machine", "pc"]
        case .none:
            let line = try String(contentsOf: URL(filePath: "\(directory)/image-cmdline"), encoding: .utf8)
            return common + [
                "-machine", "pc", "-kernel", "\(directory)/image-kernel", "-initrd", drivers,
                "-append", "\(line) root=/dev/vda",
            ]
        case .uefi:
            let isARM = boot.architecture == .arm64
            let flash = (isARM ? LabFirmware.arm64 : .uefi).flash!
            let variables = directory + "/variables.fd"
            try FileManager.default.copyItem(atPath: flash.variables, toPath: variables)
            return common + (isARM ? ["-machine", "virt", "-cpu", "cortex-a57"] : ["-machine", "q35,smm=off"]) + [
                "-drive", "if=pflash,format=raw,unit=0,readonly=on,file=\(flash.code)",
                "-drive", "if=pflash,format=raw,unit=1,file=\(variables)",
            ]
        }
    }

    private func medium() async throws -> [String] {
        let file = "\(directory)/\(boot.file)"
        switch boot.medium {
        case .disk:
            return ["-drive", "if=virtio,format=\(boot.encoding),file=\(file)"]
        case .cd:
            return [
                "-device", "virtio-scsi-pci", "-drive", "if=none,id=cd,media=cdrom,format=raw,file=\(file)",
                "-device", "scsi-cd,drive=cd,bootindex=1",
            ]
        case .googleArchive:
            try await HostProgram.run("tar", ["--extract", "--file", file, "--directory", directory])
            return ["-drive", "if=virtio,format=raw,file=\(directory)/disk.raw"]
        case .efiProgram:
            let system = directory + "/esp/EFI/BOOT"
            try FileManager.default.createDirectory(atPath: system, withIntermediateDirectories: true)
            try FileManager.default.moveItem(atPath: file, toPath: system + "/BOOTX64.EFI")
            return ["-drive", "if=virtio,format=raw,file=fat:rw:\(directory)/esp"]
        }
    }
}
