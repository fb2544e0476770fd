import Build
import Foundation

@testable import muster

/// Container images of a small system with our init: a kernel with what one virtual machine needs of it, and busybox to be
/// services of. They are made by `muster pkg build`, as a person would make them.
enum AgentImages {
    /// The recipes beside ours in `boot/images`.
    private static let recipes = [
        "kernel": """
        image: e2e-kernel
        packages:
          - name: linux-image-cloud-amd64
            dependency: linux-image-[0-9]*
            keep:
              - boot/vmlinuz-*
              - boot/config-*
              - lib/modules/*/modules.*
              - lib/modules/*/kernel/drivers/net/virtio_net.ko*
              - lib/modules/*/kernel/drivers/virtio/virtio_pci.ko*
              - lib/modules/*/kernel/fs/overlayfs
        steps:
          - {move: boot/vmlinuz-*, to: kernel}
          - {depmod: lib/modules}
          - {tar: lib/modules, to: kernel.tar}
        """,
        "probe": """
        image: e2e-probe
        packages:
          - {name: busybox-static, keep: [bin/busybox]}
        files:
          - {path: bin/sh, symlink: busybox}
        """,
    ]

    /// A definition's first half. MiB of memory that a machine needs for it: 384.
    static let base = """
        kernel: {image: localhost/e2e-kernel, cmdline: "console=ttyS0 quiet no_timer_check"}
        init: [localhost/init, localhost/runc]
        onboot:
          - {name: dhcp, image: "localhost/dhcp:once", net: host}

        """
    static let memory = 384

    /// Makes them in the cache of a data directory, whose Debian packages are those of `pool`. The second image is there as
    /// one of the silent registry, too.
    static func write(to directory: String, debian pool: String) async throws {
        try FileManager.default.createSymbolicLink(atPath: directory + "/debian", withDestinationPath: pool)
        let ours = LabHost.repository + "/boot/images"
        var paths = ["\(ours)/init", "\(ours)/runc", "\(ours)/dhcp:once"]
        for (name, text) in recipes {
            let recipe = "\(directory)/recipes/\(name)"
            try FileManager.default.createDirectory(atPath: recipe, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: recipe + "/package.yml"))
            paths.append(recipe)
        }
        func muster(_ arguments: [String]) async throws {
            try await HostProgram.run(LabHost.executable, arguments + ["--data", directory])
        }
        try await muster(["pkg", "build"] + paths)
        let archive = directory + "/probe.oci"
        try await muster(["cache", "export", "localhost/e2e-probe", archive])
        try await muster(["cache", "load", "--name", "\(SiteImages.silentRegistry)/probe:1", archive])
    }
}
