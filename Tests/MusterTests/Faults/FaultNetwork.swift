import Foundation
import Synchronization
import Testing
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// Two network namespaces with a cable between them: `eth0` of a server and `eth0` of its clients; or three, and the
/// server's `eth0` is a bridge. Needs root; gone with its owner.
final class FaultNetwork: Sendable {
    static let server = IPv4Address(10, 77, 0, 1)
    static let client = IPv4Address(10, 77, 0, 2)
    /// The network card of the clients' side, which a test describes as a machine's.
    static let clientMAC = MACAddress("52:54:00:00:00:01")!

    /// What the clients' side routes to, and answers for as `makeRouter` has it.
    static let behind = IPv4Network("10.78.0.0/16")!

    /// The third host's, which is nobody's machine.
    static let stranger = IPv4Address(10, 77, 0, 3)
    static let strangerMAC = MACAddress("52:54:00:00:00:99")!

    private static let counter = Mutex(0)

    let serverSide: String
    let clientSide: String
    /// Where a host is that has a card, an address and a namespace of its own; nil without one.
    let strangerSide: String?

    init(hasStranger: Bool = false) throws {
        let number = Self.counter.withLock { count in
            count += 1
            return count
        }
        serverSide = "muster-fault-\(getpid())-\(number)s"
        clientSide = "muster-fault-\(getpid())-\(number)c"
        strangerSide = hasStranger ? "muster-fault-\(getpid())-\(number)x" : nil
        for side in sides { try Self.ip("netns", "add", side) }
        if hasStranger { try Self.ip("-n", serverSide, "link", "add", "eth0", "type", "bridge", "forward_delay", "0") }
        try connect(clientSide, Self.clientMAC, through: hasStranger ? "port1" : "eth0")
        if let strangerSide { try connect(strangerSide, Self.strangerMAC, through: "port2") }
        for (side, address) in zip(sides, [Self.server, Self.client, Self.stranger]) {
            try Self.ip("-n", side, "address", "add", "\(address)/16", "dev", "eth0")
            for link in ["lo", "eth0"] { try Self.ip("-n", side, "link", "set", link, "up") }
            // Small buffers: a transfer that its client takes slowly is one that the server still works on.
            for (key, sizes) in [("tcp_rmem", "4096 16384 32768"), ("tcp_wmem", "4096 16384 65536")] {
                try Self.inside(side, ["sh", "-c", "echo '\(sizes)' > /proc/sys/net/ipv4/\(key)"]).succeeded()
            }
        }
    }

    deinit {
        for side in sides { try? Self.ip("netns", "del", side) }
    }

    private var sides: [String] { [serverSide, clientSide] + [strangerSide].compactMap(\.self) }

    /// A cable from a host's `eth0` to a port of the server's.
    private func connect(_ side: String, _ mac: MACAddress, through port: String) throws {
        let peer = ["peer", "name", "eth0", "netns", side]
        try Self.ip(["-n", serverSide, "link", "add", port, "type", "veth"] + peer)
        try Self.ip("-n", side, "link", "set", "eth0", "address", "\(mac)")
        guard port != "eth0" else { return }
        try Self.ip("-n", serverSide, "link", "set", port, "master", "eth0", "up")
    }

    /// Makes the clients' side the router to a network whose every address is its own: where simulated machines are.
    func makeRouter() throws {
        try Self.ip("-n", serverSide, "route", "add", "\(Self.behind)", "via", "\(Self.client)")
        try Self.ip("-n", clientSide, "route", "add", "local", "\(Self.behind)", "dev", "lo")
    }

    /// The command line that runs a program on one side.
    static func commandLine(_ side: String, _ command: [String]) -> [String] {
        ["nsenter", "--net=/run/netns/\(side)"] + command
    }

    static func inside(_ side: String, _ command: [String]) throws -> Finished {
        try Finished(running: commandLine(side, command))
    }

    /// What `curl` gets on the clients' side.
    func curl(_ arguments: String...) throws -> Finished {
        try Self.inside(clientSide, ["curl", "-sS", "--max-time", "20"] + arguments)
    }

    /// A UDP socket on the clients' side: sockets stay in the namespace that they were made in.
    func clientSocket(port: UInt16 = 0) throws -> ClientSocket {
        let path = "/run/netns/\(clientSide)"
        let made = Mutex<Result<ClientSocket, any Error>?>(nil)
        let done = DispatchSemaphore(value: 0)
        // A thread of its own, which ends in the namespace that it entered.
        Thread {
            let result = Result {
                try Self.enter(path)
                return try ClientSocket(address: Self.client, port: port)
            }
            made.withLock { $0 = result }
            done.signal()
        }.start()
        done.wait()
        return try #require(made.withLock { $0 }).get()
    }

    /// setns(2), which the Glibc module does not show.
    private static func enter(_ path: String) throws {
        typealias SetNamespace = @convention(c) (CInt, CInt) -> CInt
        let symbol = try #require(dlsym(nil, "setns"))
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        try #require(unsafeBitCast(symbol, to: SetNamespace.self)(descriptor, 0) == 0)
    }

    private static func ip(_ arguments: String...) throws { try ip(arguments) }
    private static func ip(_ arguments: [String]) throws { try Finished(running: ["ip"] + arguments).succeeded() }
}

/// A program that ran to its end, and what it printed.
struct Finished {
    var command: [String]
    var status: Int32
    var output: String

    init(running command: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardInput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        self.command = command
        status = process.terminationStatus
        output = String(decoding: data, as: UTF8.self)
    }

    /// - Throws: when it did not end with status 0.
    @discardableResult
    func succeeded() throws -> Finished {
        try #require(status == 0, "\(command.joined(separator: " ")): status \(status)")
        return self
    }
}
