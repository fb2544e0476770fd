import Foundation
import Logging
import Testing
import Vocabulary

@testable import Build

/// Debian packages made by hand, in a pool where the builder finds them: no network, no apt.
struct PackageFixture {
    let data: TemporaryDirectory
    private(set) var lock = PackageLock()
    private var locked: [DockerReference: [Architecture: [ResolvedPackage]]] = [:]

    init() throws {
        data = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: data.path("debian/pool"), withIntermediateDirectories: true)
    }

    /// A builder whose mirror nobody can reach.
    func builder(_ data: TemporaryDirectory? = nil) throws -> PackageBuilder {
        let state = DebianState(
            directory: self.data.path("debian"),
            mirror: "http://127.0.0.1:1/debian",
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        return try PackageBuilder(dataDirectory: (data ?? self.data).path, debian: state)
    }

    /// Puts a package into the pool, and into the lock of an image.
    @discardableResult
    mutating func add(
        _ name: String,
        to image: String,
        _ architecture: Architecture = .amd64,
        version: String = "1.0-1",
        _ fill: (inout TarArchive) -> Void
    ) throws -> String {
        var files = TarArchive()
        fill(&files)
        let bytes = Self.package(name, version: version, architecture, files)
        let path = data.path("debian/pool/\(Digest(of: bytes).hex).deb")
        try Data(bytes).write(to: URL(filePath: path))
        let package = ResolvedPackage(
            name: name,
            version: version,
            architecture: architecture.rawValue,
            digest: Digest(of: bytes)
        )
        let reference = try #require(DockerReference(image))
        locked[reference, default: [:]][architecture, default: []].removeAll { $0.name == name }
        locked[reference, default: [:]][architecture, default: []].append(package)
        lock.set(locked[reference]![architecture]!, of: reference, architecture)
        return path
    }

    static func package(
        _ name: String,
        version: String = "1.0-1",
        _ architecture: Architecture,
        _ files: TarArchive
    ) -> [UInt8] {
        var control = TarArchive()
        let text =
            "Package: \(name)\nVersion: \(version)\nArchitecture: \(architecture)\nDescription: a fixture\n more\n"
        control.add("./control", contents: Array(text.utf8))
        return archive([
            ("debian-binary", Array("2.0\n".utf8)), ("control.tar", control.finished), ("data.tar", files.finished),
        ])
    }

    /// An ar archive (deb(5)).
    static func archive(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
        func field(_ text: String, _ width: Int) -> [UInt8] {
            Array(text.utf8) + [UInt8](repeating: UInt8(ascii: " "), count: width - text.utf8.count)
        }
        return members.reduce(into: Array("!<arch>\n".utf8)) { bytes, member in
            bytes += field(member.name, 16) + field("0", 12) + field("0", 6) + field("0", 6) + field("100644", 8)
            bytes += field(String(member.bytes.count), 10) + Array("`\n".utf8) + member.bytes
            if member.bytes.count % 2 == 1 { bytes.append(UInt8(ascii: "\n")) }
        }
    }

    /// Reads recipes as if they lay in the data directory.
    func recipes(_ text: String, _ architecture: Architecture = .amd64) throws -> [PackageRecipe] {
        try PackageRecipe.read(text, path: "package.yml", data.path, architecture)
    }

    /// The files of an image in the cache, by path.
    func files(_ image: String, _ architecture: Architecture = .amd64) async throws -> [String: TreeEntry] {
        let cache = try ContainerCache(dataDirectory: data.path)
        let found = try await cache.image(#require(DockerReference(image)), architecture: architecture)
        let layers = try LayerStore(dataDirectory: data.path)
        let table = try await layers.table(of: #require(found.layers.first))
        return Dictionary(uniqueKeysWithValues: table.entries.map { ("\($0.path)", $0) })
    }

    /// What a file of an image holds.
    func text(_ path: String, of image: String) async throws -> String {
        let cache = try ContainerCache(dataDirectory: data.path)
        let found = try await cache.image(#require(DockerReference(image)), architecture: .amd64)
        let layers = try LayerStore(dataDirectory: data.path)
        let entries = try await layers.table(of: #require(found.layers.first)).entries
        guard case .file(let content)? = entries.first(where: { "\($0.path)" == path })?.kind else { return "" }
        return String(decoding: try await layers.bytes(of: content, limit: 1 << 20), as: UTF8.self)
    }
}

/// The least ELF file that says what it needs.
enum ELFFixture {
    /// - Parameter machine: 62 is amd64's.
    static func file(
        machine: UInt16 = 62,
        interpreter: String? = nil,
        needed: [String] = [],
        searchPath: String? = nil
    ) -> [UInt8] {
        func number(_ value: UInt64, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 0xff) } }
        var strings: [UInt8] = [0]
        func string(_ text: String) -> UInt64 {
            defer { strings += Array(text.utf8) + [0] }
            return UInt64(strings.count)
        }
        var dynamic: [(UInt64, UInt64)] = needed.map { (1, string($0)) }
        if let searchPath { dynamic.append((29, string(searchPath))) }
        let name = Array((interpreter ?? "").utf8) + [0]
        let count = interpreter == nil ? 2 : 3
        let stringsAt = UInt64(64 + 56 * count)
        let nameAt = stringsAt + UInt64(strings.count)
        let dynamicAt = nameAt + UInt64(name.count)
        // Addresses in memory are not places in the file.
        let base: UInt64 = 0x40_0000
        dynamic += [(5, base + stringsAt), (10, UInt64(strings.count)), (0, 0)]
        let end = dynamicAt + UInt64(16 * dynamic.count)
        func segment(_ type: UInt64, _ offset: UInt64, _ size: UInt64) -> [UInt8] {
            number(type, 4) + number(4, 4) + number(offset, 8) + number(base + offset, 8) + number(base + offset, 8)
                + number(size, 8) + number(size, 8) + number(1, 8)
        }
        var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8)
        bytes += number(3, 2) + number(UInt64(machine), 2) + number(1, 4) + number(0, 8) + number(64, 8) + number(0, 8)
        bytes += number(0, 4) + number(64, 2) + number(56, 2) + number(UInt64(count), 2) + number(0, 6)
        bytes += segment(1, 0, end) + segment(2, dynamicAt, UInt64(16 * dynamic.count))
        if interpreter != nil { bytes += segment(3, nameAt, UInt64(name.count)) }
        bytes += strings + name
        for (tag, value) in dynamic { bytes += number(tag, 8) + number(value, 8) }
        return bytes
    }
}
