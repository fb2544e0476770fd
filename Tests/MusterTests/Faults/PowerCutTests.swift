import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite("What a power cut leaves", .blocking, .serialized, .needsRoot)
struct PowerCutTests {
    /// A file that gets its name before its bytes are on the disk is an empty file of that name after a power cut;
    /// one whose directory is not flushed may have no name at all.
    private func expectFlushed(_ calls: [SystemCallTrace.Call], to directory: String) -> Set<String> {
        var published: Set<String> = []
        for (index, call) in calls.enumerated() where call.isRename {
            guard let (old, new) = call.paths.first.map({ ($0, call.paths.last ?? "") }), new.hasPrefix(directory)
            else { continue }
            let parent = (new as NSString).deletingLastPathComponent
            let before = calls[..<index].last { $0.paths.first == old }
            #expect(before?.isFlush == true, "\(new) was not flushed before it got its name")
            let after = calls[index...].dropFirst().first { $0.isRename || $0.paths == [parent] }
            #expect(after?.isFlush == true, "the directory of \(new) was not flushed")
            published.insert(new)
        }
        return published
    }

    @Test("An image that was imported is on the disk, each part before it has its name")
    func images() throws {
        let scratch = try TemporaryDirectory()
        let trace = SystemCallTrace(file: try scratch.file("trace"))
        let data = scratch.path + "/data"
        let parts = [
            "--kernel", try scratch.file("k", "kernel").path, "--initrd", try scratch.file("i", "initrd").path,
        ]
        let command = [try ExecutableUnderTest.path, "image", "import", "--name", "web", "--arch", "amd64"]
        try Finished(running: trace.wrapper + command + parts + ["--data", data]).succeeded()
        let published = expectFlushed(try trace.calls(), to: data)
        #expect(published.contains(data + "/images/web.json"))
        #expect(published.filter { $0.hasPrefix(data + "/blobs/sha256/") }.count == 3, "kernel, initrd, manifest")
    }

    @Test("Each lease that is acknowledged was flushed on its own, and so was the snapshot")
    func ledger() throws {
        let scratch = try TemporaryDirectory()
        let trace = SystemCallTrace(file: try scratch.file("trace"))
        let server = try FaultServer(under: trace.wrapper)
        let machines = try RelayedMachines(server.network)
        let flushes = {
            try trace.calls().count { $0.isFlush && $0.paths == [server.data + "/ledger.sqlite-wal"] }
        }
        for _ in 0..<3 {
            let before = try flushes()
            #expect(machines.acquire([machines.next()]).count == 1)
            #expect(try flushes() > before, "acknowledged without a flush")
        }
        let snapshot = server.data + "/snapshot"
        var calls: ArraySlice<SystemCallTrace.Call> = []
        try server.eventually("the snapshot is written") {
            let all = try trace.calls()
            calls = all[...(all.lastIndex { $0.isFlush && $0.paths == [server.data] } ?? 0)]
            return calls.contains { $0.isRename && $0.paths.last == snapshot }
        }
        #expect(expectFlushed(Array(calls), to: server.data).contains(snapshot))
    }
}
