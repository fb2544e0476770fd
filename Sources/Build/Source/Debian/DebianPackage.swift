import Vocabulary

/// A package to be fetched: which, for what, from where.
public struct DebianPackage: Hashable, Sendable, Codable, CustomStringConvertible {
    public var name: String
    public var architecture: Architecture
    public var suite: DebianSuite

    /// - Parameter architecture: whose index it stands in; packages for every architecture stand in each.
    public init(_ name: String, architecture: Architecture = .amd64, suite: DebianSuite = .stable) {
        self.name = name
        self.architecture = architecture
        self.suite = suite
    }

    public var description: String { "\(name):\(architecture)" }
}

/// A package that lies in the pool, checked.
public struct FetchedPackage: Hashable, Sendable, Codable {
    public var package: DebianPackage
    public var version: String
    /// Of the file.
    public var digest: Digest
    /// The dependencies as its control file has them.
    public var depends: String
    /// Where the file lies.
    public var path: String

    /// The name of the first package that it depends on whose name begins with `prefix`: how a meta package such as
    /// linux-image-cloud-amd64 says which kernel is the current one.
    public func dependency(startingWith prefix: String) -> String? {
        depends.split(separator: ",").lazy
            .compactMap { $0.split { " (|".contains($0) }.first }
            .first { $0.hasPrefix(prefix) }
            .map(String.init)
    }
}
