import Foundation
import Synchronization
import Vocabulary

@testable import Build

/// Container images made of tar archives, for builds that need no network: layers lie in a directory of their test.
final class FixtureImages: ImageSource {
    let directory: TemporaryDirectory
    private let images = Mutex<[ImageReference: ContainerImage]>([:])
    /// How often an image was asked for.
    let requests = Mutex(0)

    init() throws { directory = try TemporaryDirectory() }

    func add(_ name: String, _ layers: TarArchive..., label: String? = nil, labels: [String: String] = [:]) throws {
        let blobs = try layers.map { try LayerBlob($0.finished, in: directory) }
        var configuration = ImageConfiguration()
        configuration.command = ["/bin/true"]
        configuration.labels = labels
        if let label { configuration.labels[ImageConfiguration.settingsLabel] = label }
        let reference = ImageReference(name)!
        let image = ContainerImage(
            reference: reference,
            digest: Digest(of: blobs.flatMap(\.digest.octets)),
            architecture: .amd64,
            configuration: configuration,
            layers: blobs
        )
        images.withLock { $0[reference] = image }
    }

    func image(
        _ reference: ImageReference,
        architecture: Architecture,
        observe: BuildObserver
    ) async throws -> ContainerImage {
        requests.withLock { $0 += 1 }
        guard let image = images.withLock({ $0[reference] }) else {
            throw BuildError(.notFound, "there is no image \(reference)")
        }
        observe(.ready(source: "\(reference)", isCached: true))
        return image
    }

    /// Removes every layer: what is built afterwards may need none.
    func removeLayers() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.path) {
            try FileManager.default.removeItem(atPath: directory.path(name))
        }
    }

    // MARK: A small machine

    static let definition = """
        kernel:
          image: kernel:1
          cmdline: console=ttyS0
          ucode: microcode.cpio
        init: [base:1]
        onboot:
          - name: setup
            image: setup:1
        services:
          - name: web
            image: web:1
          - name: second
            image: web:1
            readonly: true
        files:
          - path: etc/motd
            contents: hello
            mode: "0644"
          - path: var/lib/deep/file
            contents: deep
        """

    /// One of everything that an initrd can carry.
    static func machine() throws -> FixtureImages {
        let images = try FixtureImages()
        var modules = TarArchive()
        modules.directory("lib/modules/6.1")
        modules.add("lib/modules/6.1/a.ko", contents: noise(100_000, seed: 1))
        var kernel = TarArchive()
        kernel.add("kernel", contents: noise(300_000, seed: 2))
        kernel.add("kernel.tar", contents: modules.finished)
        kernel.add("microcode.cpio", contents: noise(1001, seed: 3))
        kernel.add("config-6.1", contents: Array("CONFIG_BLK_DEV_INITRD=y\nCONFIG_RD_ZSTD=y\nCONFIG_RD_GZIP=y\n".utf8))
        try images.add("kernel:1", kernel)
        var base = TarArchive()
        base.directory("bin")
        base.add("bin/busybox", contents: noise(5_000_000, seed: 4), mode: 0o4755)
        base.hardLink("bin/sh", to: "bin/busybox")
        base.hardLink("sbin/zz", to: "bin/busybox")
        base.directory("etc", mode: 0o711, owner: 3, group: 4)
        base.add("etc/shadow", contents: Array("secret".utf8), mode: 0o600, owner: 5, group: 42)
        base.add("dev/tty", type: "3", mode: 0o620, group: 5, device: (5, 0))
        base.add("dev/vda", type: "4", mode: 0o660, device: (254, 3))
        base.add("run/pipe", type: "6", mode: 0o640)
        base.symbolicLink("lib64", to: "lib")
        base.add(BytePath([UInt8](repeating: 0x6e, count: 255)), contents: [1])
        base.add(BytePath([0x66, 0xff]), contents: [2])
        base.add(BytePath([0x66, 0xfe]), contents: [3])
        base.add("caf\u{e9}", contents: [4])
        base.add("cafe\u{301}", contents: [5])
        base.add("empty")
        base.directory("tmp", mode: 0o1777)
        try images.add("base:1", base)
        var setup = TarArchive()
        setup.add("bin/setup", contents: noise(40_000, seed: 5), mode: 0o755)
        try images.add("setup:1", setup)
        try images.add("web:1", web(contents: noise(60_000, seed: 6)))
        return images
    }

    static func web(contents: [UInt8]) -> TarArchive {
        var web = TarArchive()
        web.add("bin/web", contents: contents, mode: 0o755)
        web.add("srv/index.html", contents: Array("<p>".utf8), modified: 1_700_000_000)
        return web
    }

    /// Bytes of which the first half of each 4 KiB is noise, and the rest compresses well.
    static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 4096)
        while bytes.count < count {
            for _ in 0..<256 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                withUnsafeBytes(of: state ^ state >> 29) { bytes.append(contentsOf: $0) }
            }
            bytes.append(contentsOf: repeatElement(UInt8(truncatingIfNeeded: state >> 40), count: 2048))
        }
        return Array(bytes.prefix(count))
    }
}

extension BuildRequest {
    /// - Parameter text: YAML.
    init(_ text: String = FixtureImages.definition) throws {
        self.init(try Definition(reading: [.init(path: "machine.yml", text: text)]), architecture: .amd64)
    }
}
