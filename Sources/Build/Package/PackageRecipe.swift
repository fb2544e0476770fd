import StrictYAML
import Vocabulary

/// How a container image is made of Debian packages: a `package.yml`, read for one tag and one architecture.
///
/// Of the packages only what is named is kept; the shared libraries, interpreters and kernel modules that it needs are
/// found in what they depend on, and kept too.
public struct PackageRecipe: Hashable, Sendable {
    /// What the image is called: `localhost/nginx:latest`.
    public var reference: DockerReference
    public var architecture: Architecture
    var packages: [Selection] = []
    var files: [File] = []
    var steps: [Step] = []
    var configuration = ImageConfiguration()
    /// Where it lies: what files' sources are relative to.
    var directory: String

    init(reference: DockerReference, architecture: Architecture, directory: String) {
        self.reference = reference
        self.architecture = architecture
        self.directory = directory
    }

    /// What is kept of a package.
    struct Selection: Hashable, Sendable {
        var name: String
        /// With wildcards: the package that `name` depends on, whose files are meant instead of its own.
        var dependency: String?
        var keep: [Pattern]
        var drop: [PathPattern]
        var place: SourcePlace

        struct Pattern: Hashable, Sendable {
            var pattern: PathPattern
            var place: SourcePlace
        }
    }

    /// What is put beside what packages have.
    struct File: Hashable, Sendable {
        /// Its source, if it has one, is a path that this process can open.
        var entry: FileEntry
        /// The command that makes the source, for people who have not run it.
        var maker: String?
    }

    /// What is done with the files, in order.
    struct Step: Hashable, Sendable {
        enum Verb: String, Hashable, Sendable, CaseIterable {
            /// Says what modules need and which devices they drive, as depmod(8), for each version below a directory.
            case depmod
            /// Gives the one file that matches another name.
            case move
            /// Writes all that match behind one another, in the order of their paths.
            case join
            /// Packs a directory into an uncompressed cpio archive, the directory itself among its entries.
            case cpio
            /// Packs a directory into a tar archive, likewise.
            case tar
        }

        var verb: Verb
        var pattern: PathPattern
        /// Of everything but `depmod`.
        var target: BytePath
        var place: SourcePlace
    }
}

extension PackageRecipe {
    /// The packages that are asked of apt, each once.
    var packageNames: [String] {
        var seen: Set<String> = []
        return packages.map(\.name).filter { seen.insert($0).inserted }
    }
}
