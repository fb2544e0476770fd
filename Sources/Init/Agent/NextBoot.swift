/// What the order `kexec` starts: `{"kernel": "/…", "initrd": ["/…"], "cmdline": "…"}`, paths at the server of this boot.
struct NextBoot: Equatable {
    var kernel: String
    /// One after the other, as a loader would hand them to the kernel.
    var initrd: [String]
    var commandLine: String

    /// nil for what is no such thing.
    init?(_ json: JSON) {
        guard let kernel = json["kernel"]?.text, let commandLine = json["cmdline"]?.text else { return nil }
        let initrd = json["initrd"]?.texts ?? []
        guard ([kernel] + initrd).allSatisfy({ $0.hasBytes(prefix: "/") }) else { return nil }
        self.kernel = kernel
        self.initrd = initrd
        self.commandLine = commandLine
    }
}
