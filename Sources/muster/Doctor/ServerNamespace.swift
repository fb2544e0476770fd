import Control
import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Which network a running server has: doctor looks at ports, interfaces and filters of its own.
enum ServerNamespace {
    /// The process that listens on a unix socket, when it is in another network namespace than this one; nil when it is
    /// in the same, or cannot be asked.
    static func stranger(at socket: String) -> pid_t? {
        guard let process = listener(at: socket), let theirs = namespace(of: "\(process)"),
            let ours = namespace(of: "self")
        else { return nil }
        return theirs == ours ? nil : process
    }

    private static func namespace(of process: String) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/ns/net")
    }

    private static func listener(at path: String) -> pid_t? {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: name.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let isConnected = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        var peer = SocketCredentials()
        var size = socklen_t(MemoryLayout<SocketCredentials>.size)
        guard isConnected, getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0, peer.process > 0 else {
            return nil
        }
        return peer.process
    }
}
