import PXE
import Synchronization

/// Files that are kept open, so that serving one costs no path lookup: a bounded number, the least recently used
/// closed first (a file that is being served stays open until its last reader lets go).
final class OpenFileCache: Sendable {
    private struct Entry {
        var file: OpenFile
        var used: UInt64
    }
    private struct Contents {
        var entries: [String: Entry] = [:]
        var uses: UInt64 = 0
    }

    private let limit: Int
    private let contents = Mutex(Contents())

    /// - Parameter limit: open files at most.
    init(limit: Int = 256) { self.limit = limit }

    /// The open file at `path`, opened if it is not.
    /// - Throws: `OpenFile.Failure` when it cannot be opened.
    func open(_ path: String) throws(OpenFile.Failure) -> OpenFile {
        let known: OpenFile? = contents.withLock { contents in
            contents.uses += 1
            contents.entries[path]?.used = contents.uses
            return contents.entries[path]?.file
        }
        if let known { return known }
        let file = try OpenFile(path: path)
        contents.withLock { contents in
            if contents.entries.count >= limit,
                let oldest = contents.entries.min(by: { $0.value.used < $1.value.used })?.key
            {
                contents.entries[oldest] = nil
            }
            contents.uses += 1
            contents.entries[path] = Entry(file: file, used: contents.uses)
        }
        return file
    }

    /// Forgets every file: what is opened next is what is on disk now.
    func removeAll() { contents.withLock { $0.entries.removeAll() } }
}
