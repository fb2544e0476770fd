import Inventory
import Vocabulary

/// A profile and how many machines get it.
public struct ProfileView: Hashable, Sendable, Codable {
    public var name: String
    /// The image's name or digest, or the files that define it.
    public var image: [String]
    public var kernelArgs: [String]
    public var adopt: String
    public var health: String
    public var machines: Int
    /// The release that its machines are meant to have; nil when its image has never been there.
    public var release: Int?

    public init(_ profile: Profile, machines: Int, release: Int?) {
        name = profile.name
        image =
            switch profile.image {
            case .reference(let reference): [reference]
            case .definitions(let files): files
            }
        kernelArgs = profile.kernelArgs
        adopt = profile.adopt.rawValue
        health =
            switch profile.health {
            case nil: "by image"
            case .fetched?: "fetched"
            case .agent?: "agent"
            case .http(let probe)?: "\(probe.scheme.rawValue) :\(probe.port)\(probe.path)"
            case .tcp(let port)?: "tcp :\(port)"
            }
        self.machines = machines
        self.release = release
    }
}

/// A numbered state of a profile.
public struct ReleaseView: Hashable, Sendable, Codable {
    public var profile: String
    public var number: Int
    /// By architecture.
    public var images: [String: Digest]
    public var created: Time

    public init(_ release: Release) {
        profile = release.profile
        number = release.number
        images = Dictionary(uniqueKeysWithValues: release.images.map { ($0.key.rawValue, $0.value) })
        created = Time(release.created)
    }
}
