import Foundation
import Testing
import Vocabulary

@testable import Build

@Suite("bills of materials")
struct SPDXDocumentTests {
    private static let packages = [
        InstalledPackage(
            kind: .apk,
            root: "",
            name: "musl",
            version: "1.2.4-r2",
            architecture: "x86_64",
            license: "MIT"
        ),
        InstalledPackage(
            kind: .deb,
            root: "containers/services/web/lower",
            name: "libstdc++6",
            version: "1:12.2.0-14",
            architecture: "amd64",
            source: "gcc-12"
        ),
        InstalledPackage(
            kind: .deb,
            root: "containers/services/db/lower",
            name: "libstdc++6",
            version: "1:12.2.0-14",
            architecture: "amd64"
        ),
    ]

    private static func document(name: String = "web", packages: [InstalledPackage] = packages) -> SPDXDocument {
        let blob = Blob(digest: Digest(of: [1]), size: 1)
        let manifest = ImageManifest(architecture: .amd64, kernel: blob, initrd: [])
        return SPDXDocument(name: name, image: manifest.digest, manifest: manifest, packages: packages)
    }

    /// The document as a reader sees it.
    private static func object(_ document: SPDXDocument) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(document.bytes)) as? [String: Any])
    }

    /// SPDX 2.3: 6 (document creation), 7 (packages), 11 (relationships): what has to be there, spelled as it has to be.
    @Test func ofTheStructureThatTheSpecificationAsksFor() throws {
        let object = try Self.object(Self.document())
        #expect(object["spdxVersion"] as? String == "SPDX-2.3")
        #expect(object["dataLicense"] as? String == "CC0-1.0")
        #expect(object["SPDXID"] as? String == "SPDXRef-DOCUMENT")
        #expect(object["name"] as? String == "web")
        let namespace = try #require(object["documentNamespace"] as? String)
        #expect(try #require(URL(string: namespace)).scheme == "https")
        #expect(!namespace.contains("#"))
        let creation = try #require(object["creationInfo"] as? [String: Any])
        #expect(creation["created"] as? String == "2017-04-18T16:30:00Z")
        #expect(creation["creators"] as? [String] == ["Tool: muster"])

        let packages = try #require(object["packages"] as? [[String: Any]])
        var identifiers: Set = ["SPDXRef-DOCUMENT"]
        for package in packages {
            let identifier = try #require(package["SPDXID"] as? String)
            #expect(identifier.wholeMatch(of: /SPDXRef-[A-Za-z0-9.\-]+/) != nil)
            #expect(identifiers.insert(identifier).inserted, "\(identifier) stands for two things")
            #expect((package["name"] as? String)?.isEmpty == false)
            #expect(package["downloadLocation"] as? String == "NOASSERTION")
            #expect(package["filesAnalyzed"] as? Bool == false)
            for reference in package["externalRefs"] as? [[String: String]] ?? [] {
                #expect(reference["referenceCategory"] == "PACKAGE-MANAGER")
                #expect(reference["referenceType"] == "purl")
                #expect(reference["referenceLocator"]?.wholeMatch(of: /pkg:(deb|apk)\/[^ \/]+\/[^ \/]+@[^ \/]+/) != nil)
            }
        }
        let relationships = try #require(object["relationships"] as? [[String: String]])
        for relationship in relationships {
            #expect(identifiers.contains(relationship["spdxElementId"] ?? ""))
            #expect(identifiers.contains(relationship["relatedSpdxElement"] ?? ""))
            #expect(["DESCRIBES", "CONTAINS"].contains(relationship["relationshipType"]))
        }
        let related = Set(relationships.compactMap { $0["relatedSpdxElement"] })
        #expect(related == identifiers.subtracting(["SPDXRef-DOCUMENT"]), "everything is contained somewhere")
    }

    @Test func everyPackageIsNamedOnceForEachRoot() throws {
        let packages = try #require(try Self.object(Self.document())["packages"] as? [[String: Any]])
        #expect(
            packages.compactMap { $0["name"] as? String } == [
                "web", "kernel", "/containers/services/db/lower", "/containers/services/web/lower",
                "musl", "libstdc++6", "libstdc++6",
            ]
        )
        let locators = packages.compactMap { ($0["externalRefs"] as? [[String: String]])?.first?["referenceLocator"] }
        #expect(locators[1] == "pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14?arch=amd64")
    }

    @Test func theSameImageHasTheSameBytes() throws {
        #expect(Self.document().bytes == Self.document().bytes)
        let namespaces = try [Self.document(), Self.document(name: "db"), Self.document(packages: [])].map {
            try Self.object($0)["documentNamespace"] as? String
        }
        #expect(Set(namespaces).count == 3)
    }
}
