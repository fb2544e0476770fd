import Foundation
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

extension Configuration {
    /// The ports that serve needs: free, or ours.
    ///
    /// - Parameter isServing: whether a server of ours holds them.
    func portFindings(isServing: Bool) -> [Finding] {
        var ports: [Port] = []
        if dhcp.mode != .off { ports += [Port(67, .udp, "DHCP"), Port(4011, .udp, "DHCP for PXE")] }
        ports += [Port(tftp.port, .udp, "TFTP"), Port(http.port, .tcp, "the boot plane")]
        if let listen = control.listen {
            ports.append(Port(listen.port, .tcp, "the control plane", at: listen.address))
        }
        return ports.filter { $0.number != 0 }.map { $0.finding(isServing: isServing) }
    }
}

private struct Port {
    enum Carrier: String { case udp, tcp }

    var number: UInt16
    var carrier: Carrier
    var purpose: String
    var address: IPv4Address

    init(_ number: UInt16, _ carrier: Carrier, _ purpose: String, at address: IPv4Address = .any) {
        (self.number, self.carrier, self.purpose, self.address) = (number, carrier, purpose, address)
    }

    func finding(isServing: Bool) -> Finding {
        let subject = "port \(number)/\(carrier.rawValue)"
        switch bindError() {
        case 0:
            guard isServing else { return .good(subject, "free, for \(purpose)") }
            return .broken(
                subject,
                "muster serve runs and does not hold it",
                cure: "see the server's log for \(purpose)"
            )
        case EADDRINUSE:
            if isServing { return .good(subject, "held by the running server, for \(purpose)") }
            return .broken(
                subject,
                "another program holds it, and \(purpose) needs it",
                cure: "find it with: ss -lnp 'sport = :\(number)'; stop it, or set another port"
            )
        case EACCES:
            return .good(subject, "for \(purpose); only root can say whether it is free")
        case let code:
            return .broken(subject, String(cString: strerror(code)), cure: "correct the address that \(purpose) binds")
        }
    }

    /// 0 when the port can be bound. SO_REUSEADDR would let UDP share it, so it is not set.
    private func bindError() -> CInt {
        let type = carrier == .udp ? SOCK_DGRAM : SOCK_STREAM
        let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = number.bigEndian
        name.sin_addr.s_addr = address.rawValue.bigEndian
        let status = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return status == 0 ? 0 : errno
    }
}
