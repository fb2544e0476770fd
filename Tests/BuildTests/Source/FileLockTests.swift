import Foundation
import Testing

@testable import Build

@Suite("A lock file")
struct FileLockTests {
    @Test("has one holder at a time, and is free when that is gone")
    func holders() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("lock")
        do {
            let lock = try #require(try FileLock.tryAcquire(path: path))
            #expect(try FileLock.tryAcquire(path: path) == nil)
            withExtendedLifetime(lock) {}
        }
        #expect(try FileLock.tryAcquire(path: path) != nil)
    }

    @Test(
        "made by root, it belongs to whom the directory belongs to: a server that is not root takes it later",
        .enabled(if: geteuid() == 0, "only root gives files away")
    )
    func owner() throws {
        let directory = try TemporaryDirectory()
        try #require(chown(directory.path, 65534, 65534) == 0)
        _ = try FileLock.tryAcquire(path: directory.path("lock"))
        let owner = try FileManager.default.attributesOfItem(atPath: directory.path("lock"))[.ownerAccountID] as? Int
        #expect(owner == 65534)
    }
}
