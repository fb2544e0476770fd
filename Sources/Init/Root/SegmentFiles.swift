import CInit

/// What lies in the small initrd beside what the builder put there: the files of the machine's own segment.
///
/// They are held in memory while the root takes the initrd's place, and are put into the root then: links in it are the
/// root's own.
struct SegmentFiles {
    private struct Entry {
        var path: String
        var status: sys_status
        /// What the file holds, or the link leads to.
        var content: [UInt8] = []
    }

    private var entries: [Entry] = []

    /// What the kernel mounts, and what the builder made.
    private static let others = [
        "/dev", "/proc", "/sys", FetchedRoot.place, "/init", "/lib/modules", "/lib/firmware", RootDescription.path,
    ]

    /// Reads them.
    init() throws(InitError) { try read("") }

    private mutating func read(_ directory: String) throws(InitError) {
        for name in FileSystem.names(in: directory.utf8.isEmpty ? "/" : directory) {
            let path = "\(directory)/\(name)"
            guard !Self.others.contains(path) else { continue }
            var entry = Entry(path: path, status: sys_status())
            let result = sys_look(path, &entry.status)
            guard result >= 0 else { throw InitError("look at \(path)", code: Int(result)) }
            switch Int(entry.status.type) {
            case SYS_TYPE_FILE: entry.content = try FileSystem.read(path)
            case SYS_TYPE_LINK: entry.content = Array((FileSystem.target(of: path) ?? "").utf8)
            case SYS_TYPE_DIRECTORY: break
            default: continue
            }
            entries.append(entry)
            if entry.status.type == SYS_TYPE_DIRECTORY { try read(path) }
        }
    }

    /// Puts them where they were, over what is there; directories that are there stay as they are.
    func put(console: Console) {
        for entry in entries {
            do throws(InitError) {
                try put(entry)
            } catch {
                console.say(error.message)
            }
        }
    }

    private func put(_ entry: Entry) throws(InitError) {
        let path = entry.path
        let result: Int32
        switch Int(entry.status.type) {
        case SYS_TYPE_DIRECTORY:
            if FileSystem.isDirectory(path) { return }
            result = sys_mkdir(path, 0o700)
        case SYS_TYPE_LINK:
            sys_unlink(path)
            result = sys_symlink(String(entry.content), path)
        default:
            sys_unlink(path)
            let descriptor = sys_open(path, UInt32(SYS_OPEN_WRITE | SYS_OPEN_CREATE))
            guard descriptor >= 0 else { throw InitError("write \(path)", code: Int(descriptor)) }
            defer { sys_close(descriptor) }
            result = Int32(truncatingIfNeeded: FileSystem.write(entry.content, to: descriptor))
        }
        guard result >= 0 else { throw InitError("make \(path)", code: Int(result)) }
        sys_chown(path, entry.status.owner, entry.status.group)
        if entry.status.type != SYS_TYPE_LINK { sys_chmod(path, entry.status.mode) }
    }

    /// Gives the memory of the initrd back: everything in it goes but what is mounted.
    static func clear() { remove("") }

    private static func remove(_ directory: String) {
        for name in FileSystem.names(in: directory.utf8.isEmpty ? "/" : directory) {
            let path = "\(directory)/\(name)"
            if ["/dev", "/proc", "/sys", FetchedRoot.place].contains(path) { continue }
            var status = sys_status()
            guard sys_look(path, &status) >= 0 else { continue }
            if status.type == SYS_TYPE_DIRECTORY {
                remove(path)
                sys_remove_directory(path)
            } else {
                sys_unlink(path)
            }
        }
    }
}
