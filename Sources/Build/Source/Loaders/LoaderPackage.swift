import Vocabulary

/// A Debian package with boot loaders in it: where they lie and what machines call them.
struct LoaderPackage: Hashable, Sendable {
    var package: DebianPackage
    /// The directory inside the package, without a slash at either end.
    var directory: String
    /// File name in the package → the names that it is served under.
    var names: [String: [String]]

    /// All of them, for amd64 and arm64. iPXE comes from the newer suite: the stable one's is of 2019 and knows no
    /// arm64. The stable release's shim and GRUB are signed for Secure Boot, and so are its kernels.
    static let all: [LoaderPackage] = [
        LoaderPackage(
            package: DebianPackage("ipxe", suite: .newer),
            directory: "usr/lib/ipxe",
            names: [
                "ipxe-amd64.efi": ["ipxe-amd64.efi", "ipxe.efi"],
                "ipxe-arm64.efi": ["ipxe-arm64.efi"],
                "ipxe-riscv64.efi": ["ipxe-riscv64.efi"],
                "ipxe-loong64.efi": ["ipxe-loong64.efi"],
                // What iPXE before 2.0 has; from 2.0 on, a link to the first line's.
                "ipxe.efi": ["ipxe.efi", "ipxe-amd64.efi"],
                "snponly.efi": ["snponly.efi", "snponly-amd64.efi"],
                "undionly.kpxe": ["undionly.kpxe"],
                "undionly.kkpxe": ["undionly.kkpxe"],
                "ipxe.pxe": ["ipxe.pxe"],
                "ipxe.lkrn": ["ipxe.lkrn"],
            ]
        ),
        signed("shim-signed", .amd64, "usr/lib/shim", ["shimx64.efi"]),
        signed("shim-helpers-amd64-signed", .amd64, "usr/lib/shim", ["mmx64.efi", "fbx64.efi"]),
        grub("grub-efi-amd64-signed", .amd64, "usr/lib/grub/x86_64-efi-signed", "grubnetx64", "grubx64"),
        signed("shim-signed", .arm64, "usr/lib/shim", ["shimaa64.efi"]),
        signed("shim-helpers-arm64-signed", .arm64, "usr/lib/shim", ["mmaa64.efi", "fbaa64.efi"]),
        grub("grub-efi-arm64-signed", .arm64, "usr/lib/grub/arm64-efi-signed", "grubnetaa64", "grubaa64"),
    ]

    private static func signed(
        _ name: String,
        _ architecture: Architecture,
        _ directory: String,
        _ files: [String]
    ) -> LoaderPackage {
        LoaderPackage(
            package: DebianPackage(name, architecture: architecture),
            directory: directory,
            names: Dictionary(uniqueKeysWithValues: files.map { ("\($0).signed", [$0]) })
        )
    }

    /// GRUB's image with its network modules built in; shim asks for it under the plain name.
    private static func grub(
        _ name: String,
        _ architecture: Architecture,
        _ directory: String,
        _ image: String,
        _ served: String
    ) -> LoaderPackage {
        LoaderPackage(
            package: DebianPackage(name, architecture: architecture),
            directory: directory,
            names: ["\(image).efi.signed": ["\(served).efi", "\(image).efi"]]
        )
    }

    /// Whether an installed package of that version makes fetching one needless.
    func accepts(_ version: String) -> Bool {
        package.suite == .stable || DebianVersion(version) >= DebianVersion.secondGenerationIPXE
    }

    /// What a loader of that name runs on; nil when the name does not say.
    static func architecture(ofFile name: String) -> Architecture? {
        let suffixes: [(String, Architecture)] = [
            ("arm64.efi", .arm64), ("aa64.efi", .arm64), ("riscv64.efi", .riscv64), ("loong64.efi", .loong64),
            (".efi", .amd64), (".kpxe", .i386), (".kkpxe", .i386), (".pxe", .i386), (".lkrn", .i386),
        ]
        return suffixes.first { name.hasSuffix($0.0) }?.1
    }
}
