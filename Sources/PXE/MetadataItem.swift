import Vocabulary

/// What a running system may ask about its own machine without a token: only what is public.
///
/// The paths are those of two clients: metaldata's, which LinuxKit's `metadata` image asks, and cloud-init's NoCloud.
public enum MetadataItem: String, Hashable, Sendable, CaseIterable {
    case hostname = "get/meta/hostname"
    case publicAddress = "get/meta/public-ipv4"
    case privateAddress = "get/meta/private-ipv4"
    case failureDomain = "get/meta/failure-domain"
    case machineID = "get/meta/machine-id"
    case machineType = "get/meta/machine-type"
    case authorizedKeys = "get/meta/authorized-keys"
    case userData = "get/user"
    /// What metaldata calls compatible.
    case compatibleUserData = "metadata/v1/user-data"
    case noCloudMetaData = "nocloud/meta-data"
    case noCloudUserData = "nocloud/user-data"
    case noCloudVendorData = "nocloud/vendor-data"

    init?(components: [[UInt8]]) {
        guard (2...3).contains(components.count) else { return nil }
        self.init(rawValue: components.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/"))
    }
}
