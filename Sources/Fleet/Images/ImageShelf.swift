import Build
import PXE
import Synchronization
import Vocabulary

/// The images that are being booted, open and ready; loaded when first asked for, a bounded number kept.
///
/// Guarded by one mutex that is held for a dictionary access; loading happens outside it.
final class ImageShelf: Sendable {
    private enum Slot {
        case image(BootImage)
        /// Why it cannot be served, and until when (uptime) nobody looks again.
        case missing(Missing, until: Duration)
    }
    private struct Contents {
        var slots: [Digest: Slot] = [:]
        /// Least recently loaded first.
        var order: [Digest] = []
    }

    private let blobs: BlobStore
    private let files: OpenFileCache
    private let limit: Int
    private let contents = Mutex(Contents())

    /// - Parameter limit: images kept open at most.
    init(blobs: BlobStore, files: OpenFileCache, limit: Int = 64) {
        self.blobs = blobs
        self.files = files
        self.limit = limit
    }

    /// Why an image cannot be served, in words for a screen.
    struct Missing: Error, CustomStringConvertible {
        let description: String
        /// There is no image of that digest at all, as there is none of most that a stranger may ask for.
        let isUnknown: Bool
    }

    /// - Throws: when the image or a part of it is not in the store, or damaged.
    func image(_ digest: Digest, now: Moment) throws(Missing) -> BootImage {
        switch contents.withLock({ $0.slots[digest] }) {
        case .image(let image): return image
        case .missing(let reason, let until) where until > now.uptime: throw reason
        default: break
        }
        let slot: Slot
        do {
            slot = .image(try BootImage(digest, blobs: blobs, files: files))
        } catch {
            let isUnknown = (error as? BuildError)?.code == .notFound
            slot = .missing(Missing(description: "\(error)", isUnknown: isUnknown), until: now.uptime + .seconds(1))
        }
        contents.withLock { contents in
            contents.order.removeAll { $0 == digest }
            contents.order.append(digest)
            contents.slots[digest] = slot
            if contents.order.count > limit { contents.slots[contents.order.removeFirst()] = nil }
        }
        switch slot {
        case .image(let image): return image
        case .missing(let reason, _): throw reason
        }
    }
}
