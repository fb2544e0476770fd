import Glibc
import NIOCore

/// An open file of ours for as long as NIO sends from it.
///
/// NIO's handles own their descriptors and insist on being closed; ours belong to an `OpenFile` that many transfers
/// share, so the descriptor is taken back instead, whatever became of the write.
struct BorrowedFileHandle {
    private let file: OpenFile
    private let handle: NIOFileHandle

    init(_ file: OpenFile) {
        self.file = file
        handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: file.descriptor)
    }

    func region(_ range: Range<UInt64>) -> FileRegion {
        FileRegion(fileHandle: handle, readerIndex: Int(range.lowerBound), endIndex: Int(range.upperBound))
    }

    /// Must be called once, when the write is over.
    func giveBack() {
        _ = try? handle.takeDescriptorOwnership()
        withExtendedLifetime(file) {}
    }
}

extension OpenFile {
    /// The bytes of a range, in memory. Blocks for the disk when they are not cached, as sendfile does.
    ///
    /// - Throws: `SystemError`, also when the file ends early.
    func read(_ range: Range<UInt64>, allocator: ByteBufferAllocator) throws(SystemError) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: range.count)
        var offset = range.lowerBound
        while offset < range.upperBound {
            let wanted = Int(range.upperBound - offset)
            var code: CInt = 0
            let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { space in
                let count = pread(descriptor, space.baseAddress, wanted, off_t(offset))
                code = count < 0 ? errno : 0
                return max(0, count)
            }
            if code == EINTR { continue }
            guard count > 0 else {
                throw SystemError("read", "a served file at \(offset) of \(length)", code: code == 0 ? EIO : code)
            }
            offset += UInt64(count)
        }
        return buffer
    }
}
