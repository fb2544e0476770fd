import FoundationEssentials
import Vocabulary

/// A bill of materials of an image: SPDX 2.3 in JSON (https://spdx.github.io/spdx-spec/v2.3/).
///
/// The same image has the same bytes: identifiers are digests of what they identify, and the time is the build's
/// (SOURCE_DATE_EPOCH), never the present one.
public struct SPDXDocument: Hashable, Sendable {
    public var name: String
    public var image: Digest
    public var manifest: ImageManifest
    public var packages: [InstalledPackage]
    /// Seconds since 1970.
    public var created: Int64

    public init(
        name: String,
        image: Digest,
        manifest: ImageManifest,
        packages: [InstalledPackage],
        created: Int64 = TreeEntry.standardTime
    ) {
        self.name = name
        self.image = image
        self.manifest = manifest
        self.packages = packages
        self.created = created
    }

    /// The document, with a newline at its end.
    public var bytes: [UInt8] { json.bytes + [UInt8(ascii: "\n")] }

    private var json: SpecificationJSON {
        let roots = Array(Set(packages.map(\.root)).subtracting([""])).sorted()
        return .object([
            "spdxVersion": .string("SPDX-2.3"),
            "dataLicense": .string("CC0-1.0"),
            "SPDXID": .string("SPDXRef-DOCUMENT"),
            "name": .string(name),
            // For creators without a site of their own the specification proposes this one (6.5).
            "documentNamespace": .string("https://spdx.org/spdxdocs/muster-image-\(namespace)"),
            "creationInfo": .object([
                "created": .string(Self.time(created)),
                "creators": .array([.string("Tool: muster")]),
            ]),
            "packages": .array([imagePackage, kernelPackage] + roots.map(rootPackage) + packages.map(json)),
            "relationships": .array(
                [
                    relationship("SPDXRef-DOCUMENT", "DESCRIBES", Self.image),
                    relationship(Self.image, "CONTAINS", Self.kernel),
                ]
                    + roots.map { relationship(Self.image, "CONTAINS", identifier(root: $0)) }
                    + packages.map { package in
                        let owner = package.root == "" ? Self.image : identifier(root: package.root)
                        return relationship(owner, "CONTAINS", identifier(package))
                    }
            ),
        ])
    }

    private static let image = "SPDXRef-Image"
    private static let kernel = "SPDXRef-Kernel"

    /// Documents that differ have different names: it is made of everything that is in them.
    private var namespace: String {
        let parts = [name, image.hex, "\(created)"] + packages.map { "\($0.root) \($0.url)" }
        return Digest(of: Array(parts.joined(separator: "\n").utf8)).hex
    }

    private var imagePackage: SpecificationJSON {
        package(Self.image, name: name, version: image.description, purpose: "OPERATING-SYSTEM", digest: image)
    }

    private var kernelPackage: SpecificationJSON {
        package(Self.kernel, name: "kernel", purpose: "OPERATING-SYSTEM", digest: manifest.kernel.digest)
    }

    private func rootPackage(_ root: BytePath) -> SpecificationJSON {
        package(identifier(root: root), name: "/\(root)", purpose: "CONTAINER")
    }

    private func json(_ package: InstalledPackage) -> SpecificationJSON {
        self.package(
            identifier(package),
            name: package.name,
            version: package.version,
            source: package.source.map { "built from \($0)" },
            // Not every package's text is an expression that SPDX knows, and none was concluded here.
            comment: package.license.map { "the package says: \($0)" },
            url: package.url
        )
    }

    private func package(
        _ identifier: String,
        name: String,
        version: String? = nil,
        purpose: String? = nil,
        source: String? = nil,
        comment: String? = nil,
        digest: Digest? = nil,
        url: String? = nil
    ) -> SpecificationJSON {
        .members([
            "SPDXID": .string(identifier),
            "name": .string(name),
            "versionInfo": .nonEmpty(version),
            "primaryPackagePurpose": .nonEmpty(purpose),
            "downloadLocation": .string("NOASSERTION"),
            "filesAnalyzed": .bool(false),
            "sourceInfo": .nonEmpty(source),
            "licenseComments": .nonEmpty(comment),
            "checksums": digest.map {
                .array([.object(["algorithm": .string("SHA256"), "checksumValue": .string($0.hex)])])
            },
            "externalRefs": url.map {
                .array([
                    .object([
                        "referenceCategory": .string("PACKAGE-MANAGER"), "referenceType": .string("purl"),
                        "referenceLocator": .string($0),
                    ])
                ])
            },
        ])
    }

    private func relationship(_ element: String, _ type: String, _ related: String) -> SpecificationJSON {
        .object([
            "spdxElementId": .string(element), "relationshipType": .string(type),
            "relatedSpdxElement": .string(related),
        ])
    }

    private func identifier(root: BytePath) -> String { "SPDXRef-Root-\(Digest(of: root.bytes).short)" }

    private func identifier(_ package: InstalledPackage) -> String {
        let text = package.root.bytes + [0] + Array(package.url.utf8)
        return "SPDXRef-Package-\(package.kind)-\(Digest(of: text).hex.prefix(20))"
    }

    /// `YYYY-MM-DDThh:mm:ssZ` (6.9.2).
    static func time(_ seconds: Int64) -> String {
        Date(timeIntervalSince1970: TimeInterval(seconds)).ISO8601Format()
    }
}
