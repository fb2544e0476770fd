import ArgumentParser
import Build
import Inventory
import Vocabulary

extension CommonOptions {
    /// The image that a person means: a name, a digest or its first digits; else what machines of the profile of that name
    /// are meant to run.
    ///
    /// - Parameter architecture: which of several; nil when there is only one.
    /// - Throws: `BuildError` when there is neither.
    func resolve(_ reference: String, architecture: Architecture?, in store: ImageStore) throws -> Digest {
        do {
            return try store.resolve(reference, architecture: architecture)
        } catch let error as BuildError where error.code == .notFound {
            let data = try load().configuration.data
            guard let profile = try ProfileImages(of: reference, dataDirectory: data) else {
                throw BuildError(.notFound, "\(error), and no profile is called so")
            }
            return try Self.image(of: profile, named: reference, architecture, in: store)
        }
    }

    private static func image(
        of profile: ProfileImages,
        named name: String,
        _ architecture: Architecture?,
        in store: ImageStore
    ) throws -> Digest {
        let all = profile.released.keys.map(\.rawValue).sorted().joined(separator: ", ")
        if let architecture, let image = profile.released[architecture] { return image }
        if architecture == nil, profile.released.count == 1, let image = profile.released.values.first { return image }
        guard profile.released.isEmpty else {
            throw BuildError(.ambiguous, "the profile '\(name)' has images for \(all): say which with --arch")
        }
        switch profile.image {
        case .reference(let reference): return try store.resolve(reference, architecture: architecture)
        case .definitions(let files):
            let list = files.joined(separator: ", ")
            throw BuildError(.notFound, "the profile '\(name)' has no image yet: \(list) was not built")
        }
    }
}

/// Refuses what can name neither an image nor a profile, so that the exit status says bad usage.
func checkImageReference(_ image: String) throws {
    let digits = image.hasPrefix("sha256:") ? image.dropFirst(7) : ""
    let isDigest = !digits.isEmpty && digits.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    guard !isDigest, Digest(image) == nil, !ResourceNames.isValid(image) else { return }
    do { _ = try ImageName(image) } catch { throw ValidationError("found no digest, and \(error)") }
}
