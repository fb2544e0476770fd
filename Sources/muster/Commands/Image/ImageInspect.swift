import ArgumentParser
import Build
import Control
import Vocabulary

extension ImageCommand {
    /// `muster image inspect`
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print an image's manifest: its kernel, the parts of its initrd and its command line.",
            discussion: """
                With --files or --packages, what lies in its initrd: read from the image itself, so of imported ones too.
                """
        )

        @Argument(help: "A name, a digest or its first digits, or a profile's name.")
        var image: String

        @Option(help: .init("Which of a name's images.", valueName: "architecture"))
        var arch: String?

        @Flag(help: "List the files of its initrd.")
        var files = false

        @Flag(help: "List the packages that are installed in it, by dpkg's and apk's databases.")
        var packages = false

        @OptionGroup var common: CommonOptions

        func validate() throws {
            _ = try architecture(named: arch)
            try checkImageReference(image)
            if files, packages { throw ValidationError("--files and --packages are two lists: ask for one") }
        }

        func run() throws {
            let store = try common.imageStore()
            let digest = try common.resolve(image, architecture: try architecture(named: arch), in: store)
            let manifest = try store.manifest(digest)
            guard files || packages else {
                return try Terminal.print(json: ManifestView(digest: digest, manifest: manifest))
            }
            if let root = manifest.root {
                Terminal.warn(
                    "this image fetches its root when it boots (\(root.type.rawValue)): what is in that is not listed, "
                        + "only what is in its initrd"
                )
            }
            let contents = try ImageContents(of: manifest, in: store.blobs)
            if files {
                try show(files: contents.files)
            } else {
                try show(packages: contents.packages)
            }
        }

        private func show(files: [ImageContents.File]) throws {
            let views = files.map(FileView.init)
            if common.json { return try Terminal.print(json: views) }
            var table = Table("MODE", "OWNER", "SIZE", "PART", "TYPE", "PATH")
            for view in views {
                let size = view.type == "file" ? byteCount(view.size) : view.device ?? ""
                let path = view.target.map { "\(view.path) → \($0)" } ?? view.path
                table.add([view.mode, "\(view.owner):\(view.group)", size, view.part, view.type, path])
            }
            Terminal.print(table.text)
        }

        private func show(packages: [InstalledPackage]) throws {
            let views = packages.map(PackageView.init)
            if common.json { return try Terminal.print(json: views) }
            var table = Table("PACKAGE", "VERSION", "ARCH", "KIND", "ROOT")
            for view in views { table.add([view.name, view.version, view.architecture, view.kind, view.root]) }
            Terminal.print(table.text)
        }
    }
}

/// A package of an image.
struct PackageView: Encodable {
    var name: String
    var version: String
    var architecture: String
    var kind: String
    /// The root that it is installed in, absolute.
    var root: String
    var source: String?
    var url: String

    init(_ package: InstalledPackage) {
        name = package.name
        version = package.version
        architecture = package.architecture
        kind = package.kind.rawValue
        root = "/\(package.root)"
        source = package.source
        url = package.url
    }
}
