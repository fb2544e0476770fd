import Vocabulary

/// CDs, which are disks as well, that boot a kernel and an initrd by GRUB.
struct ISOFormat: ImageFormat {
    let name: String
    let suffix: String
    /// Whether a BIOS starts it too.
    let bootsBIOS: Bool

    /// `iso`: BIOS and UEFI, CD and USB stick.
    static let hybrid = ISOFormat(name: "iso", suffix: "-hybrid.iso", bootsBIOS: true)
    /// `iso-efi-initrd`.
    static let efi = ISOFormat(name: "iso-efi-initrd", suffix: "-efi-initrd.iso", bootsBIOS: false)

    func fileNames(for name: String) -> [String] { [name + suffix] }

    func write(_ image: BuiltImage, in work: FormatWork) async throws {
        let tree = work.scratch("iso")
        let iso = BootableISO(image: image, tree: tree, boots: bootsBIOS ? .both : .efi)
        try iso.makeBoot(in: work)
        let kernel = work.kernel(of: image)
        try await BlockingWork.run { try FileCopy.copy(kernel, to: "\(tree)/boot/kernel", $0) }
        var initrds: [String] = []
        if let initrd = try await work.initrd(of: image) {
            try await BlockingWork.run { try FileCopy.copy(initrd, to: "\(tree)/boot/initrd.img", $0) }
            initrds.append("/boot/initrd.img")
        }
        try await iso.make(
            at: work.output(work.name + suffix),
            commandLine: image.manifest.commandLine,
            initrds: initrds,
            in: work
        )
    }
}
