import Vocabulary

/// A boot loader on this host, found and ready to be served under its file name.
public struct LoaderFile: Hashable, Sendable {
    /// The name that machines ask for: one path component, such as `snponly-amd64.efi` or `shimx64.efi`.
    public var name: String
    /// Where it lies.
    public var path: String
    /// The version of the package it came from, such as `2.0.0+dfsg-1`; nil for an operator's own file.
    public var version: String?
    /// The package it came from; nil for an operator's own file.
    public var package: String?
    /// What it runs on; nil for what runs on several (a script, a font, an ISO).
    public var architecture: Architecture?

    public init(
        name: String,
        path: String,
        version: String? = nil,
        package: String? = nil,
        architecture: Architecture? = nil
    ) {
        self.name = name
        self.path = path
        self.version = version
        self.package = package
        self.architecture = architecture
    }
}
