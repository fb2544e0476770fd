import CInit

/// A pipe with a name that containerd's shims write to, on its way into a container's log. Opened for both directions, it
/// stays when a shim goes, and no shim waits for it.
enum ContainerPipe {
    /// - Returns: its path.
    static func open(for container: Container, machine: Machine) throws(InitError) -> String {
        let path = "\(ContainerEngine.state)/\(container.identifier).log"
        guard !FileSystem.exists(path) else { return path }
        let made = sys_make_pipe(path, 0o600)
        guard made >= 0 else { throw InitError("make the pipe \(path)", code: Int(made)) }
        let reader = sys_open(path, UInt32(SYS_OPEN_READ | SYS_OPEN_WRITE | SYS_OPEN_NONBLOCKING))
        guard reader >= 0 else { throw InitError("open the pipe \(path)", code: Int(reader)) }
        machine.loop.watch(reader, .readable) { _ in
            var buffer = [UInt8](repeating: 0, count: 16 << 10)
            let count = buffer.withUnsafeMutableBytes { sys_read(reader, $0.baseAddress!, $0.count) }
            if count > 0 { container.log.append(buffer[..<count], at: machine.loop.now) }
        }
        return path
    }
}
