import Vocabulary

/// What one segment of an initrd holds, in the order in which it is written: a newc archive before it is one.
///
/// A part's first segment repeats the directories on the way to all entries of the part, with the mode, owner and time
/// that they have in the merged tree, so that a part needs no other one and no order of parts changes them. A directory
/// comes before what lies in it. All names of a file stand together, where the last of them belongs.
struct SegmentPlan: Sendable {
    struct Item: Sendable {
        var entry: NewcEntry
        /// Of regular files.
        var content: FileContent?
    }

    /// As in the image's manifest: a part's name, and a number behind it for the segments of its large layers.
    var part: String
    var items: [Item]

    /// Counted up whenever the same items would become other bytes: the writer, the order, or a compressor's settings.
    private static let version = 1

    /// Bytes of all files' contents.
    var contentSize: UInt64 { items.reduce(0) { $0 + ($1.content?.size ?? 0) } }

    /// Bytes of the archive before it is compressed.
    var archiveSize: UInt64 { items.reduce(NewcWriter.trailerSize) { $0 + NewcWriter.size(of: $1.entry) } }

    /// Names everything that the segment's bytes depend on: the contents by their digests.
    func key(compression: SegmentCompression) -> Digest {
        var hash = KeyHash()
        hash.add(text: "muster segment \(Self.version) \(compression)")
        for item in items {
            let entry = item.entry
            hash.add(bytes: entry.path.bytes)
            hash.add(UInt64(entry.mode) << 32 | UInt64(entry.modified))
            hash.add(UInt64(entry.owner) << 32 | UInt64(entry.group))
            let device = entry.device
            hash.add(UInt64(device.major) << 32 | UInt64(device.minor))
            if case .symbolicLink(let target) = entry.kind { hash.add(bytes: target.bytes) }
            hash.add(UInt64(entry.hardLinks.count))
            for name in entry.hardLinks { hash.add(bytes: name.bytes) }
            if let content = item.content {
                hash.add(content.size)
                hash.add(content.digest)
            }
        }
        return hash.finish()
    }
}
