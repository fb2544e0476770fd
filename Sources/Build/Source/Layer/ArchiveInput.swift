#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Hands libarchive a piece of a file.
final class ArchiveInput {
    let file: POSIXFile
    var offset: UInt64
    let end: UInt64
    var error: BuildError?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)

    init(file: POSIXFile, offset: UInt64, end: UInt64) {
        self.file = file
        self.offset = offset
        self.end = end
    }

    deinit { buffer.deallocate() }

    /// - Returns: how many bytes there are behind `output` now; 0 at the end, -1 for an error, which is kept.
    func read(_ output: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
        let wanted = Int(min(UInt64(buffer.count), end - offset))
        guard wanted > 0 else { return 0 }
        do throws(BuildError) {
            try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: offset)
        } catch {
            self.error = error
            return -1
        }
        offset += UInt64(wanted)
        output?.pointee = UnsafeRawPointer(buffer.baseAddress!)
        return wanted
    }
}
