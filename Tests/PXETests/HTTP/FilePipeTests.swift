import Foundation
import Glibc
import Testing

@testable import PXE

@Suite("Files through the pipe")
struct FilePipeTests {
    /// A stream between two descriptors, the first of which does not block.
    private final class Stream {
        let near: CInt
        let far: CInt

        init() throws {
            var ends: [CInt] = [0, 0]
            guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
                throw SystemError("make", "a stream")
            }
            _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
            (near, far) = (ends[0], ends[1])
        }

        deinit {
            close(near)
            close(far)
        }

        /// What has come; waits for nothing.
        func received() -> Data {
            var data = Data()
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = recv(far, &chunk, chunk.count, CInt(MSG_DONTWAIT)), count > 0 {
                data += chunk[..<count]
            }
            return data
        }
    }

    private func file(_ content: Content) throws -> OpenFile {
        guard case .file(let file, _)? = content.pieces.first else {
            throw SystemError("find", "the file", code: ENOENT)
        }
        return file
    }

    @Test("a full socket takes a part; what it left is sent from where it ended", arguments: [0, 1, 4095, 700_001])
    func partly(first: UInt64) throws {
        let size: UInt64 = 3_000_000
        let file = try file(.file(count: Int(size)))
        let (pipe, stream) = (try FilePipe(), try Stream())
        var (sent, calls, received) = (first, 0, Data())
        while sent < size {
            let (taken, isFull) = try pipe.send(file, sent..<size, to: stream.near)
            #expect(isFull == (sent + taken < size))
            let arrived = stream.received()
            #expect(UInt64(arrived.count) == taken && taken > 0)
            received += arrived
            sent += taken
            calls += 1
        }
        #expect(received == Content.pattern(Int(first)..<Int(size)))
        #expect(calls > 1)
        let last = try pipe.send(file, 0..<10, to: stream.near)
        #expect(last.count == 10 && last.isFull == false)
    }

    @Test("what one client did not take is never sent to the next")
    func clean() throws {
        let file = try file(.file(count: 3_000_000))
        let (pipe, first, second) = (try FilePipe(), try Stream(), try Stream())
        let part = try pipe.send(file, 0..<3_000_000, to: first.near)
        #expect(part.isFull && part.count < 3_000_000)
        let nothing = try pipe.send(file, 0..<3_000_000, to: first.near)
        #expect(nothing.count == 0 && nothing.isFull == true)
        let whole = try pipe.send(file, 100..<200, to: second.near)
        #expect(whole.count == 100 && whole.isFull == false)
        #expect(second.received() == Content.pattern(100..<200))
    }

    @Test("a client that has gone is an error, and so is a file that ends early; the pipe stays good")
    func errors() throws {
        let file = try file(.file(count: 100_000))
        let (pipe, gone, stream) = (try FilePipe(), try Stream(), try Stream())
        signal(SIGPIPE, SIG_IGN)
        shutdown(gone.near, CInt(SHUT_WR))
        #expect(throws: SystemError("send", "a served file at 0 of 100000", code: EPIPE)) {
            try pipe.send(file, 0..<100_000, to: gone.near)
        }
        let end = try pipe.send(file, 99_000..<101_000, to: stream.near)
        #expect(end.count == 1000 && end.isFull == false)
        #expect(throws: SystemError("send", "a served file at 100000 of 100000", code: EIO)) {
            try pipe.send(file, 100_000..<101_000, to: stream.near)
        }
        #expect(stream.received() == Content.pattern(99_000..<100_000))
    }
}
