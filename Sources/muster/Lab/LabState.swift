import Build
import FoundationEssentials

#if canImport(Glibc)
import Glibc
#endif

/// What a running lab says about itself in `lab.json`, for `lab up` and `lab down`. It counts only while the lab's
/// process holds the lock beside it: whatever a killed one left is nothing.
struct LabState: Codable, Sendable {
    struct Machine: Codable, Sendable {
        var name: String
        var mac: String
        var console: String
    }

    var process: Int32
    var firmware: String
    var machines: [Machine]
    /// True once the server answers and the machines are switched on.
    var isUp: Bool

    static func lockPath(in directory: String) -> String { directory + "/lab.lock" }
    private static func path(in directory: String) -> String { directory + "/lab.json" }

    /// The state of the lab that runs in `directory`; nil when none does.
    static func running(in directory: String) throws -> LabState? {
        guard access(lockPath(in: directory), F_OK) == 0 else { return nil }
        if try FileLock.tryAcquire(path: lockPath(in: directory)) != nil { return nil }
        guard let data = FileManager.default.contents(atPath: path(in: directory)) else { return nil }
        return try JSONDecoder().decode(LabState.self, from: data)
    }

    func write(in directory: String) throws {
        try JSONEncoder().encode(self).write(to: URL(filePath: Self.path(in: directory)), options: .atomic)
    }

    static func remove(in directory: String) {
        try? FileManager.default.removeItem(atPath: path(in: directory))
    }
}
