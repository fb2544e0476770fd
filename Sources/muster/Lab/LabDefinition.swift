import Build
import FoundationEssentials
import Vocabulary

/// A LinuxKit YAML that the lab's machines run, instead of the lab's own image: the lab's server builds it when the first
/// machine asks for it.
struct LabDefinition: Hashable, Sendable {
    /// MiB for a kernel, a root and programs that run in it.
    static let memory = 512

    /// Whole, so that it is the same wherever the lab runs.
    let path: String
    let text: String
    /// What the profile is called: the file, without its suffix.
    let name: String
    /// What the machines fetch the root as; nil for an initrd that is the root.
    let root: RootType?
    /// Images that no registry has: they are made of recipes.
    let localImages: [DockerReference]

    /// - Throws: `DefinitionError` with the places of what is wrong in it; `LabError` when there is no such file, or its
    ///   name is none that a profile can have.
    init(path: String, root: RootType? = nil) throws {
        self.root = root
        let url = URL(filePath: path).absoluteURL.standardized
        self.path = url.path
        guard let contents = FileManager.default.contents(atPath: path) else { throw LabError("cannot read \(path)") }
        text = String(decoding: contents, as: UTF8.self)
        let base = url.deletingPathExtension().lastPathComponent
        guard (try? ImageName(base)) != nil else {
            throw LabError("'\(base)' can be no profile's name: rename \(path)")
        }
        name = base
        localImages = Self.localImages(of: try Definition(files: [path]))
    }

    private static func localImages(of definition: Definition) -> [DockerReference] {
        let containers = definition.onboot + definition.services + definition.onshutdown
        let images =
            [definition.kernel?.image] + definition.initImages.map(\.image) + definition.volumes.map(\.image)
            + containers.map(\.image)
        var local: [DockerReference] = []
        for case .docker(let reference)? in images
        where reference.registry == DockerReference.localRegistry && !local.contains(reference) {
            local.append(reference)
        }
        return local
    }

    /// Makes the images that no registry has, into the cache of a data directory.
    ///
    /// - Parameters:
    ///   - recipes: a directory of recipes; the image `localhost/nginx` is made in its `nginx`.
    ///   - observe: sees how far it is.
    /// - Throws: what `PackageBuilder` says against a recipe; `LabError` for an image without one.
    func makeLocalImages(
        of recipes: String,
        architecture: Architecture,
        in directory: String,
        debian: DebianState,
        observe: @escaping BuildObserver
    ) async throws {
        let builder = try PackageBuilder(dataDirectory: directory, debian: debian)
        for image in localImages {
            let recipe = "\(recipes)/\(image.repository):\(image.tag ?? "latest")"
            for recipe in try PackageRecipe.read(directory: recipe, architecture: architecture) {
                _ = try await builder.build(recipe, observe: observe)
            }
        }
    }
}
