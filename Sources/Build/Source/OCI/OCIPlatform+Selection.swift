import Vocabulary

extension OCIPlatform {
    /// How well what is for this platform suits machines of an architecture: the lowest is the best, nil is not at all.
    ///
    /// Without a variant an image runs on every machine of its architecture; `arm64` is `arm64/v8` and `amd64` is
    /// `amd64/v1`. Later variants (`amd64/v3`, `arm64/v9`) need processors that nobody promised. For 32-bit Arm the highest
    /// of v7, v6 and v5 is taken.
    func rank(for wanted: Architecture) -> Int? {
        guard os == "linux", architecture == wanted.rawValue else { return nil }
        let variant = self.variant ?? ""
        if variant.isEmpty { return 0 }
        return switch wanted {
        case .amd64: variant == "v1" ? 1 : nil
        case .arm64: variant == "v8" ? 1 : nil
        case .arm: ["v7", "v6", "v5"].firstIndex(of: variant)
        default: nil
        }
    }
}

extension OCIPlatform: CustomStringConvertible {
    /// `linux/arm64/v8`.
    public var description: String {
        "\(os)/\(architecture)" + (variant.map { $0.isEmpty ? "" : "/\($0)" } ?? "")
    }
}

extension OCIIndex {
    /// The images of the index that suit an architecture, the best first. Entries that do not say what they are for
    /// follow: their configurations say it.
    func candidates(for architecture: Architecture) -> [OCIDescriptor] {
        let ranked = manifests.enumerated().compactMap { position, descriptor -> (Int, Int, OCIDescriptor)? in
            guard let platform = descriptor.platform else { return (Int.max, position, descriptor) }
            return platform.rank(for: architecture).map { ($0, position, descriptor) }
        }
        return ranked.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
    }

    /// What the index says that it has, for errors: `linux/amd64, linux/arm64/v8`. Attestations are no platform.
    var platforms: String {
        let names = manifests.compactMap(\.platform).filter { $0.os != "unknown" }.map(\.description)
        return names.isEmpty ? "nothing that it names" : names.joined(separator: ", ")
    }
}
