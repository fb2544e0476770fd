import CLinuxNet
import Glibc

/// Moves pages of files to sockets by splice(2): what sendfile(2) does with a pipe of 64 KiB that it hides, done with a
/// larger one of ours, which costs less for each byte.
///
/// It is empty between two calls, so that all connections of an event loop, to which it belongs, take turns with it.
final class FilePipe {
    /// In bytes. 64 MiB of pipes are a user's without privilege (fs.pipe-user-pages-soft): enough for 128 event loops.
    private static let size = 512 * 1024

    private var pipe = muster_file_pipe()

    /// - Throws: What `pipe2` said; EMFILE when the process has no descriptors left.
    init() throws(SystemError) {
        guard muster_file_pipe_open(&pipe, Self.size) == 0 else { throw SystemError("open", "a pipe for files") }
    }

    deinit { muster_file_pipe_close(&pipe) }

    /// Sends until the socket is full. Blocks for the disk when the bytes are not cached, as sendfile does.
    ///
    /// - Parameter socket: Non-blocking, and under TCP_CORK: without it the last bytes wait for more.
    /// - Returns: How many bytes of the range, from its beginning, the kernel took, and whether the socket took no more.
    ///   When neither all were taken nor the socket is full, the next call says why.
    /// - Throws: What the socket or the file said; EIO when the file ends early; ENOTRECOVERABLE when the pipe has to be
    ///   given up.
    func send(
        _ file: OpenFile,
        _ range: Range<UInt64>,
        to socket: CInt
    ) throws(SystemError) -> (count: UInt64, isFull: Bool) {
        var code: CInt = 0
        let count = muster_file_pipe_send(&pipe, file.descriptor, range.lowerBound, range.count, socket, &code)
        let isLost = code == ENOTRECOVERABLE
        guard isLost || count == 0 && code != 0 && code != EAGAIN else { return (UInt64(count), code == EAGAIN) }
        throw SystemError("send", "a served file at \(range.lowerBound) of \(file.length)", code: code)
    }
}
