import Glibc
import Logging
import Synchronization
import Testing
import Vocabulary

@testable import PXE

/// An authority over literal bytes and files, that remembers what it was told.
final class MemoryAuthority: BootAuthority {
    private let contents: Mutex<[ResourceName: Content]>
    private let seen = Mutex<[Observation]>([])
    private let requests = Mutex<[BootRequest]>([])
    private let held = Mutex<[@Sendable () -> Void]?>(nil)

    init(_ contents: [ResourceName: [UInt8]]) {
        self.contents = Mutex(contents.mapValues { Self.content([.bytes($0)]) })
    }

    static func content(_ pieces: [Content.Piece]) -> Content {
        Content(pieces: pieces, digest: nil, mediaType: "application/octet-stream", isImmutable: false)
    }

    func replace(_ name: ResourceName, with content: Content?) { contents.withLock { $0[name] = content } }

    var observations: [Observation] { seen.withLock { $0 } }
    var bootRequests: [BootRequest] { requests.withLock { $0 } }

    func host(for identity: MachineIdentity) -> Host? { nil }
    func reservation(of address: IPv4Address) -> MACAddress? { nil }
    func answer(_ call: MachineCall, reply: @escaping @Sendable (MachineCallAnswer) -> Void) {
        reply(contents.withLock { $0[.call(call.boot, call.kind)] }.map(Self.segment) ?? .forbidden)
    }

    private static func segment(_ content: Content) -> MachineCallAnswer {
        guard case .bytes(let bytes)? = content.pieces.first else { return .forbidden }
        return .segment(bytes)
    }

    func content(_ name: ResourceName) -> Content? { contents.withLock { $0[name] } }
    func metadata(_ item: MetadataItem, for peer: IPv4Address) -> Content? { nil }
    func observe(_ observation: Observation) { seen.withLock { $0.append(observation) } }

    func answer(_ request: BootRequest, reply: @escaping @Sendable (BootAnswer) -> Void) {
        requests.withLock { $0.append(request) }
        let send: @Sendable () -> Void = { reply(.pause(Pause(lines: ["waiting"], seconds: 5))) }
        let isHeld = held.withLock { held in
            held?.append(send)
            return held != nil
        }
        if !isHeld { send() }
    }

    /// Keeps answers from now on.
    func holdAnswers() { held.withLock { $0 = [] } }

    func releaseAnswers() {
        let answers = held.withLock { held in
            defer { held = nil }
            return held ?? []
        }
        for answer in answers { answer() }
    }
}

/// A running server on the loopback and a port of the kernel's choice.
struct TFTPBench {
    let service: TFTPService
    let authority: MemoryAuthority
    let port: UInt16

    /// Says nothing but what must be said.
    static var logger: Logger {
        var logger = Logger(label: "tftp")
        logger.logLevel = .critical
        return logger
    }

    static func run(
        _ contents: [ResourceName: [UInt8]] = [:],
        _ configuration: TFTPService.Configuration = .loopback(),
        _ body: (TFTPBench) async throws -> Void
    ) async throws {
        let authority = MemoryAuthority(contents)
        let service = TFTPService(configuration: configuration, authority: authority, logger: logger)
        try await withThrowingTaskGroup { group in
            group.addTask { try await service.run() }
            try await eventually { !service.addresses.isEmpty }
            let port = try #require(service.addresses.first?.port)
            try await body(TFTPBench(service: service, authority: authority, port: port))
            group.cancelAll()
        }
    }

    var address: SocketAddress { SocketAddress(.loopback, port: port) }

    /// A whole file, by a client of its own.
    func fetch(_ name: String, mode: String = "octet", blockSize: Int? = nil, window: Int? = nil) throws -> [UInt8] {
        try TFTPProbe(address).fetch(name, mode: mode, blockSize: blockSize, window: window)
    }
}

extension TFTPService.Configuration {
    static func loopback(
        isSinglePort: Bool = false,
        maximumTransfers: Int = 4096,
        servesIPv6: Bool = false
    ) -> TFTPService.Configuration {
        var configuration = TFTPService.Configuration()
        configuration.port = 0
        configuration.address = .loopback
        configuration.isSinglePort = isSinglePort
        configuration.maximumTransfers = maximumTransfers
        configuration.servesIPv6 = servesIPv6
        return configuration
    }
}

/// Waits until `condition` holds, at most ten seconds.
func eventually(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () -> Bool
) async throws {
    for _ in 0..<5000 {
        if condition() { return }
        try await Task.sleep(for: .milliseconds(2))
    }
    Issue.record("it never came to that", sourceLocation: sourceLocation)
}

/// A TFTP client that does exactly what a test says, over a real socket.
struct TFTPProbe {
    let socket: DatagramSocket
    let server: SocketAddress
    /// Milliseconds that `receive` waits.
    var patience: CInt = 5000

    struct Reply: Hashable {
        var bytes: [UInt8]
        var source: SocketAddress

        var opcode: UInt16 { bytes.prefix(2).reduce(0) { $0 << 8 | UInt16($1) } }
        var number: UInt16 { bytes.dropFirst(2).prefix(2).reduce(0) { $0 << 8 | UInt16($1) } }
        var payload: [UInt8] { Array(bytes.dropFirst(4)) }
    }

    init(_ server: SocketAddress) throws {
        self.server = server
        let local = server.ipv4 == nil ? SocketAddress.anyIPv6(port: 0) : SocketAddress(.any, port: 0)
        socket = try DatagramSocket(DatagramSocket.Configuration(local: local))
    }

    func request(_ name: String, mode: String = "octet", _ options: String...) {
        send(ReadRequestTests.packet(1, name, mode) + options.flatMap { Array($0.utf8) + [0] })
    }

    func send(_ bytes: [UInt8], to destination: SocketAddress? = nil) {
        socket.send(OutgoingDatagram(bytes, to: destination ?? server))
    }

    func acknowledge(_ block: UInt16, _ transfer: SocketAddress) {
        send([0, 4, UInt8(block >> 8), UInt8(block & 255)], to: transfer)
    }

    /// The next datagram; nil when none comes in time.
    func receive(within milliseconds: CInt? = nil) -> Reply? {
        var watched = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&watched, 1, milliseconds ?? patience) == 1 else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { buffer in
            socket.receiveOne(into: buffer).map { Reply(bytes: Array(buffer[..<$0.length]), source: $0.source) }
        }
    }

    /// A whole file, as a client that does everything right gets it.
    func fetch(_ name: String, mode: String = "octet", blockSize: Int? = nil, window: Int? = nil) throws -> [UInt8] {
        let options = [("blksize", blockSize), ("windowsize", window)].flatMap { name, value in
            value.map { Array("\(name)\0\($0)\0".utf8) } ?? []
        }
        send(ReadRequestTests.packet(1, name, mode) + options)
        var file: [UInt8] = []
        var expected: UInt16 = 1
        var inWindow = 0
        while true {
            guard let reply = receive() else { throw TFTPError(.undefined, "no answer") }
            switch reply.opcode {
            case 6: acknowledge(0, reply.source)
            case 3 where reply.number == expected:
                file += reply.payload
                expected &+= 1
                inWindow += 1
                let isLast = reply.payload.count < (blockSize ?? 512)
                if isLast || inWindow == (window ?? 1) {
                    acknowledge(reply.number, reply.source)
                    inWindow = 0
                }
                if isLast { return file }
            case 5: throw TFTPError(TFTPError.Code(rawValue: reply.number), "refused")
            default: break
            }
        }
    }
}
