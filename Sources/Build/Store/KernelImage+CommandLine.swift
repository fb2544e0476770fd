#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension KernelImage {
    /// The first bytes of a kernel file, as many as `init(header:)` wants.
    static func header(of path: String) throws(BuildError) -> [UInt8] {
        let file = try POSIXFile(path, flags: O_RDONLY)
        _ = try file.regularSize()
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: headerLength, alignment: 1)
        defer { bytes.deallocate() }
        return Array(bytes[..<(try file.read(into: bytes))])
    }

    /// Why machines that boot from the network cannot have this command line; nil when they can.
    /// - Throws: `BuildError` when no machine can: a kernel cuts off what is too long without a word.
    func commandLineProblem(_ commandLine: String) throws(BuildError) -> String? {
        guard commandLine.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw BuildError(.invalidInput, "the command line has control characters in it")
        }
        let length = commandLine.utf8.count
        guard length <= commandLineLimit else {
            throw BuildError(
                .invalidInput,
                "the command line has \(length) bytes, and this kernel, for \(architecture), takes \(commandLineLimit)"
            )
        }
        let reserve = ImageStore.commandLineReserve
        guard length + reserve > commandLineLimit else { return nil }
        return
            "the command line has \(length) bytes; this kernel takes \(commandLineLimit), of which \(reserve) are kept "
            + "for what every boot from the network adds"
    }
}
