import CLinuxNet
import Vocabulary

/// A datagram that arrived, with all that the kernel told about its way.
public struct ReceivedDatagram: Hashable, Sendable {
    public var bytes: [UInt8]
    public var source: SocketAddress
    /// The address that it was sent to, perhaps a broadcast one; nil when the socket does not report it.
    public var destination: SocketAddress?
    /// The interface that it arrived on; 0 when the socket does not report it.
    public var interfaceIndex: UInt32

    public init(bytes: [UInt8], source: SocketAddress, destination: SocketAddress?, interfaceIndex: UInt32) {
        self.bytes = bytes
        self.source = source
        self.destination = destination
        self.interfaceIndex = interfaceIndex
    }
}

/// The buffers that datagrams are received into, `MUSTER_BATCH` at a time, used again for every call.
/// Belongs to one thread.
public final class DatagramReceiver {
    private let storage: UnsafeMutablePointer<UInt8>
    private var slots: [muster_datagram]

    /// - Parameter capacity: bytes of the longest datagram that is of interest; longer ones are dropped and counted.
    public init(capacity: Int = 2048) {
        let count = Int(MUSTER_BATCH)
        let storage = UnsafeMutablePointer<UInt8>.allocate(capacity: count * capacity)
        self.storage = storage
        slots = (0..<count).map { index in
            var slot = muster_datagram()
            slot.bytes = storage + index * capacity
            slot.capacity = UInt32(capacity)
            return slot
        }
    }

    deinit { storage.deallocate() }

    /// Datagrams that were longer than the capacity.
    public private(set) var truncated: UInt64 = 0

    /// Calls `each` for the datagrams that wait, at most one batch of them; a level-triggered loop brings the rest.
    /// - Returns: how many there were.
    @discardableResult
    public func receive(from socket: DatagramSocket, _ each: (ReceivedDatagram) -> Void) -> Int {
        receiveInPlace(from: socket) { bytes, source, destination, interfaceIndex in
            each(
                ReceivedDatagram(
                    bytes: Array(bytes),
                    source: source,
                    destination: destination,
                    interfaceIndex: interfaceIndex
                )
            )
        }
    }

    /// The same without a copy: the bytes are only there while `each` runs.
    @discardableResult
    public func receiveInPlace(
        from socket: DatagramSocket,
        _ each: (UnsafeRawBufferPointer, _ source: SocketAddress, _ destination: SocketAddress?, UInt32) -> Void
    ) -> Int {
        // An error here was left by an earlier send and says nothing about what arrives: the next call receives.
        let count = muster_udp_receive(socket.descriptor, &slots, UInt32(slots.count))
        guard count > 0 else { return 0 }
        for slot in slots[..<Int(count)] {
            guard !slot.truncated else {
                truncated += 1
                continue
            }
            guard let source = SocketAddress(slot.peer) else { continue }
            let bytes = UnsafeRawBufferPointer(start: slot.bytes, count: Int(slot.length))
            each(bytes, source, SocketAddress(slot.local), slot.device)
        }
        return Int(count)
    }
}
