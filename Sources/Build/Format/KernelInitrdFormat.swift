/// The kernel, the whole initrd and the command line, each a file: what QEMU, kexec and other boot servers load.
struct KernelInitrdFormat: ImageFormat {
    let name = "kernel+initrd"
    let needsRoot = false

    func fileNames(for name: String) -> [String] { ["\(name)-kernel", "\(name)-initrd.img", "\(name)-cmdline"] }

    func write(_ image: BuiltImage, in work: FormatWork) async throws {
        try await work.writeKernelAndCommandLine(of: image)
        guard let initrd = image.manifest.concatenatedInitrd else { return }
        let file = "\(work.name)-initrd.img"
        try await work.files.write(file, initrd, to: work.output(file))
    }
}
