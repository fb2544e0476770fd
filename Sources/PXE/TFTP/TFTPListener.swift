/// One bound socket that requests arrive at, and what is known about the interfaces behind it.
/// Belongs to the server's thread.
final class TFTPListener {
    let socket: DatagramSocket
    /// The interface it is bound to; nil for all.
    let interface: String?
    /// The interface's index when it was bound: another one later means that the interface was made anew.
    let interfaceIndex: UInt32
    var watch: EventLoop.Watch?

    init(_ configuration: DatagramSocket.Configuration, interfaceIndex: UInt32) throws(SystemError) {
        socket = try DatagramSocket(configuration)
        interface = configuration.interface
        self.interfaceIndex = interfaceIndex
    }
}
