import PXE
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// Whether the kernel lets as many packets wait as machines that are switched on at once send: only a privileged
/// process may exceed its limit, and the server gives its privileges up.
///
/// - Parameter limit: `net.core.rmem_max` in bytes; nil when the kernel does not say.
func receiveBufferFindings(limit: Int? = receiveBufferLimit()) -> [Finding] {
    let subject = "receive buffers"
    let wanted = DatagramSocket.Configuration(port: 0).receiveBuffer
    guard let limit else { return [] }
    guard limit < wanted else { return [.good(subject, "the kernel allows \(byteCount(UInt64(limit)))")] }
    return [
        .warning(
            subject,
            "the kernel allows \(byteCount(UInt64(limit))): many machines switched on at once lose packets and try again",
            cure: "sysctl -w net.core.rmem_max=\(wanted), and install boot/units/muster.sysctl.conf to keep it"
        )
    ]
}

func receiveBufferLimit() -> Int? {
    guard let file = fopen("/proc/sys/net/core/rmem_max", "re") else { return nil }
    defer { fclose(file) }
    var digits = [CChar](repeating: 0, count: 32)
    guard fgets(&digits, CInt(digits.count), file) != nil else { return nil }
    let number = strtol(digits, nil, 10)
    return number > 0 ? number : nil
}
