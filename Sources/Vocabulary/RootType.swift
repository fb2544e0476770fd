/// What file system a root is that machines fetch when they boot, instead of having it in their initrd (`root:` of a
/// profile).
public enum RootType: String, Hashable, Sendable, Codable, CaseIterable {
    case squashfs
    case erofs
}
