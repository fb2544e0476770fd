/// The kernel, the whole initrd and the command line, each a file: what QEMU, kexec and other boot servers load. Beside
/// them the root that the initrd fetches, of an image that has one.
struct KernelInitrdFormat: ImageFormat {
    let name = "kernel+initrd"
    let needsRoot = false

    func fileNames(for name: String) -> [String] {
        ["\(name)-kernel", "\(name)-initrd.img", "\(name)-cmdline", "\(name)-root.img"]
    }

    func write(_ image: BuiltImage, in work: FormatWork) async throws {
        try await work.writeKernelAndCommandLine(of: image)
        if let root = image.manifest.root {
            let file = "\(work.name)-root.img"
            let blob = Blob(digest: root.digest, size: root.size)
            try await work.files.write(file, Concatenation([blob]), to: work.output(file))
        }
        guard let initrd = image.manifest.concatenatedInitrd else { return }
        let file = "\(work.name)-initrd.img"
        try await work.files.write(file, initrd, to: work.output(file))
    }
}
