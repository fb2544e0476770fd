/// The token in a machine segment: the file that our agent reads, in a cpio archive of the newc format.
enum BootToken {
    private static let name = Array("etc/muster/token".utf8)
    private static let headerLength = 110

    /// nil when it is not there, or the archive is none.
    static func find(in archive: [UInt8]) -> String? {
        var offset = 0
        while offset + headerLength <= archive.count {
            guard archive[offset...].starts(with: "070701".utf8), let size = field(6, archive, offset),
                let nameSize = field(11, archive, offset)
            else { return nil }
            let nameStart = offset + headerLength
            let dataStart = (nameStart + nameSize + 3) & ~3
            guard nameSize > 0, dataStart + size <= archive.count else { return nil }
            if archive[nameStart..<nameStart + nameSize - 1].elementsEqual(name) {
                return String(decoding: archive[dataStart..<dataStart + size], as: UTF8.self)
            }
            offset = (dataStart + size + 3) & ~3
        }
        return nil
    }

    /// One of the header's fields of eight hexadecimal digits.
    private static func field(_ index: Int, _ archive: [UInt8], _ offset: Int) -> Int? {
        let start = offset + 6 + 8 * index
        return Int(String(decoding: archive[start..<start + 8], as: UTF8.self), radix: 16)
    }
}
