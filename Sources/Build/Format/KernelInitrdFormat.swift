/// The kernel, the whole initrd and the command line, each a file: what QEMU, kexec and other boot servers load.
struct KernelInitrdFormat: ImageFormat {
    let name = "kernel+initrd"

    func fileNames(for name: String) -> [String] { ["\(name)-kernel", "\(name)-initrd.img", "\(name)-cmdline"] }

    func write(_ image: BuiltImage, in work: FormatWork) async throws {
        try await work.writeKernelAndCommandLine(of: image)
        _ = try await work.writeInitrd(of: image, to: work.output("\(work.name)-initrd.img"))
    }
}
