import ArgumentParser
import Vocabulary

/// What the lab's virtual machines boot with.
enum LabFirmware: String, CaseIterable, ExpressibleByArgument, Sendable {
    /// SeaBIOS with QEMU's own iPXE in the network card's ROM.
    case bios
    /// SeaBIOS without a ROM: an iPXE started by QEMU fetches the loader by TFTP, as a PXE ROM would.
    case biosChain = "bios-chain"
    /// OVMF's own PXE client.
    case uefi
    /// OVMF's HTTP boot, PXE switched off.
    case uefiHTTP = "uefi-http"
    /// OVMF with Secure Boot and the vendor's keys: shim, GRUB, a signed kernel.
    case secureBoot = "secure-boot"
    /// An emulated arm64 machine: its UEFI's PXE, then iPXE.
    case arm64
    /// The same through GRUB.
    case arm64GRUB = "arm64-grub"

    var architecture: Architecture {
        switch self {
        case .bios, .biosChain, .uefi, .uefiHTTP, .secureBoot: .amd64
        case .arm64, .arm64GRUB: .arm64
        }
    }

    var emulator: String {
        architecture == .arm64 ? "qemu-system-aarch64" : "qemu-system-x86_64"
    }

    /// MiB of memory without which its loaders or the kernel's unpacking fail.
    var memory: Int {
        switch self {
        case .bios, .biosChain, .uefi, .uefiHTTP: 256
        case .secureBoot, .arm64, .arm64GRUB: 512
        }
    }

    /// The loader that the server must name instead of its table's, under the client's architecture (option 93).
    var loader: (architecture: String, file: String)? {
        switch self {
        case .secureBoot: ("0x0007", "shimx64.efi")
        case .arm64GRUB: ("0x000b", "grubaa64.efi")
        case .bios, .biosChain, .uefi, .uefiHTTP, .arm64: nil
        }
    }

    /// The flash image with the code, and the one with the variables, which each machine has a copy of.
    var flash: (code: String, variables: String)? {
        switch self {
        case .bios, .biosChain: nil
        case .uefi, .uefiHTTP: ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd")
        case .secureBoot: ("/usr/share/OVMF/OVMF_CODE_4M.ms.fd", "/usr/share/OVMF/OVMF_VARS_4M.ms.fd")
        case .arm64, .arm64GRUB: ("/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd")
        }
    }

    /// Debian's packages with all that it needs.
    var packages: [String] {
        switch self {
        case .bios: ["qemu-system-x86", "seabios", "ipxe-qemu"]
        case .biosChain: ["qemu-system-x86", "seabios"]
        case .uefi, .uefiHTTP, .secureBoot: ["qemu-system-x86", "ovmf"]
        case .arm64, .arm64GRUB: ["qemu-system-arm", "qemu-efi-aarch64"]
        }
    }
}
