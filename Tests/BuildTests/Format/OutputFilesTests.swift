import Foundation
import Testing
import Vocabulary

@testable import Build

@Suite("Files that were written before")
struct OutputFilesTests {
    let directory: TemporaryDirectory
    let made: HandMadeImage
    private var output: String { directory.path("output") }
    private static let initrd = "image-initrd.img"

    init() throws {
        directory = try TemporaryDirectory()
        made = try HandMadeImage(in: directory)
    }

    private func write(_ image: BuiltImage? = nil, name: String = "image") async throws {
        let paths = try await ImageFormats.write(
            image ?? made.image,
            as: ImageFormats.parse("kernel+initrd"),
            name: name,
            directory: output,
            blobs: made.blobs
        )
        #expect(paths.count == 3)
    }

    private func inode(_ file: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: "\(output)/\(file)")[.systemFileNumber] as? Int)
    }

    private func bytes(_ file: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(filePath: "\(output)/\(file)")))
    }

    @Test("what stands there as it was written stays, whatever else is written")
    func kept() async throws {
        try await write()
        let (kernel, initrd) = (try inode("image-kernel"), try inode(Self.initrd))
        try await write()
        #expect(try inode("image-kernel") == kernel)
        #expect(try inode(Self.initrd) == initrd)
        var image = made.image
        image.manifest.initrd.removeLast()
        try await write(image)
        #expect(try inode("image-kernel") == kernel)
        #expect(try bytes(Self.initrd) == made.blobs.read(image.manifest.initrd[0].digest))
    }

    /// What somebody did to the file; contents and times are as they were wherever that can be.
    enum Change: CaseIterable {
        case another, sameSize, sameTime, mode, removed, replaced, linked
    }

    @Test("what anybody touched is written again", arguments: Change.allCases)
    func changed(change: Change) async throws {
        try await write()
        let path = "\(output)/\(Self.initrd)"
        let whole = try bytes(Self.initrd)
        let before = try FileManager.default.attributesOfItem(atPath: path)
        func overwrite() throws {
            let file = try FileHandle(forUpdating: URL(filePath: path))
            try file.seek(toOffset: 100)
            try file.write(contentsOf: [whole[100] ^ 1])
            try file.close()
        }
        switch change {
        case .another: try Data("x".utf8).write(to: URL(filePath: path))
        case .sameSize: try overwrite()
        case .sameTime:
            try overwrite()
            let time = try #require(before[.modificationDate] as? Date)
            try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
        case .mode: try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        case .removed: try FileManager.default.removeItem(atPath: path)
        case .replaced:
            try FileManager.default.copyItem(atPath: path, toPath: path + ".copy")
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.moveItem(atPath: path + ".copy", toPath: path)
        case .linked: try FileManager.default.linkItem(atPath: path, toPath: path + ".link")
        }
        let changed = try? inode(Self.initrd)
        try await write()
        #expect(try bytes(Self.initrd) == whole)
        if change != .removed { #expect(try inode(Self.initrd) != changed) }
    }

    @Test("another host's start, another place and another name are other files")
    func elsewhere() async throws {
        try await write()
        try await write(name: "other")
        #expect(try bytes("other-initrd.img") == bytes(Self.initrd))
        let records = try FileManager.default.contentsOfDirectory(atPath: directory.path("data/outputs"))
        #expect(records.count == 4)
        for record in records {
            let url = URL(filePath: directory.path("data/outputs/\(record)"))
            let text = try String(contentsOf: url, encoding: .utf8)
            let boot = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
            let other = text.replacing(boot.trimmingCharacters(in: .newlines), with: UUID().uuidString.lowercased())
            #expect(other != text)
            try Data(other.utf8).write(to: url)
        }
        let initrd = try inode(Self.initrd)
        try await write()
        #expect(try inode(Self.initrd) != initrd)
    }

    // MARK: Another end

    /// The image with another second part, of `count` bytes; it is the smaller half of the initrd.
    private func changed(_ count: Int) throws -> BuiltImage {
        var image = made.image
        let large = try made.blobs.store(Self.bytes(200_000))
        let small = try made.blobs.store(Self.bytes(count).reversed())
        image.manifest.initrd = [
            ImageManifest.Part(digest: large.digest, size: large.size, part: "init"),
            image.manifest.initrd[0],
            ImageManifest.Part(digest: small.digest, size: small.size, part: "services/web"),
        ]
        return image
    }

    private static func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 8) }
    }

    private func expected(_ image: BuiltImage) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for part in image.manifest.initrd {
            while !bytes.count.isMultiple(of: 4) { bytes.append(0) }
            bytes += try made.blobs.read(part.digest)
        }
        return bytes
    }

    @Test(
        "of a file that begins as it is to begin only the end is written",
        arguments: [[3, 5], [5, 3], [90_000, 1], [1, 90_000]]
    )
    func patched(counts: [Int]) async throws {
        let images = try counts.map(changed)
        try await write(images[0])
        #expect(try bytes(Self.initrd) == expected(images[0]))
        let first = try inode(Self.initrd)
        try await write(images[1])
        #expect(try bytes(Self.initrd) == expected(images[1]))
        #expect(try inode(Self.initrd) == first)
        // And is known as it is now.
        try await write(images[1])
        try await write(images[0])
        #expect(try bytes(Self.initrd) == expected(images[0]))
        #expect(try inode(Self.initrd) == first)
        let left = try FileManager.default.contentsOfDirectory(atPath: output)
        #expect(Set(left) == ["image-kernel", "image-cmdline", Self.initrd])
    }

    @Test(
        "a file that somebody reads, or that has another name, does not change",
        arguments: ["open", "mapped", "linked"]
    )
    func inUse(how: String) async throws {
        let (first, second) = (try changed(9), try changed(10))
        try await write(first)
        let path = "\(output)/\(Self.initrd)"
        let reader = try FileHandle(forReadingFrom: URL(filePath: path))
        var mapping: Data?
        switch how {
        case "mapped":
            mapping = try Data(contentsOf: URL(filePath: path), options: .alwaysMapped)
            try reader.close()
        case "linked":
            try FileManager.default.linkItem(atPath: path, toPath: directory.path("link"))
            try reader.close()
            // Its identity is another one now, and is to be known.
            try await remember(path, first)
        default: break
        }
        try await write(second)
        #expect(try bytes(Self.initrd) == expected(second))
        switch how {
        case "mapped": #expect(try mapping.map(Array.init) == expected(first))
        case "linked": #expect(try Array(Data(contentsOf: URL(filePath: directory.path("link")))) == expected(first))
        default: #expect(try reader.readToEnd().map(Array.init) == expected(first))
        }
    }

    /// Makes the file known as it stands, as if it had been written so.
    private func remember(_ path: String, _ image: BuiltImage) async throws {
        let records = directory.path("data/outputs")
        let record = try #require(
            FileManager.default.contentsOfDirectory(atPath: records).first {
                try Data(contentsOf: URL(filePath: "\(records)/\($0)")).range(of: Data(Self.initrd.utf8)) != nil
            }
        )
        let url = URL(filePath: "\(records)/\(record)")
        var document = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
        let identity = try JSONEncoder().encode(try #require(FileIdentity(of: path)))
        document["identity"] = try JSONSerialization.jsonObject(with: identity)
        try JSONSerialization.data(withJSONObject: document).write(to: url)
    }

    @Test("a collection forgets files that are gone or changed")
    func collected() async throws {
        try await write()
        try await write(name: "other")
        try FileManager.default.removeItem(atPath: "\(output)/\(Self.initrd)")
        try OutputFiles.collect(dataDirectory: directory.path("data"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path("data/outputs")).count == 3)
        let kept = try inode("other-initrd.img")
        try await write(name: "other")
        #expect(try inode("other-initrd.img") == kept)
    }
}
