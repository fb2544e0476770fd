import Foundation
import Glibc
import Synchronization
import Testing

@testable import PXE

/// A network namespace of a test's own, with one end of a veth pair in it; the other end is in its `peer`.
/// Both are gone with it. Needs root.
final class NetworkNamespace: Sendable {
    private static let counter = Mutex(0)

    let name: String

    init() throws {
        let number = Self.counter.withLock { count in
            count += 1
            return count
        }
        name = "muster-test-\(getpid())-\(number)"
        try Self.ip("netns", "add", name)
        try configure("link", "set", "lo", "up")
    }

    deinit { try? Self.ip("netns", "del", name) }

    /// Two namespaces with a cable between them: `eth0` on each side.
    static func pair(mtu: Int = 1500) throws -> (NetworkNamespace, NetworkNamespace) {
        let (a, b) = (try NetworkNamespace(), try NetworkNamespace())
        try a.connect(to: b, mtu: mtu)
        return (a, b)
    }

    /// Plugs a cable in, whose ends are `eth0`; `link del eth0` pulls it out.
    func connect(to other: NetworkNamespace, mtu: Int = 1500) throws {
        try configure(
            "link",
            "add",
            "eth0",
            "mtu",
            "\(mtu)",
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            other.name
        )
        for side in [self, other] { try side.configure("link", "set", "eth0", "mtu", "\(mtu)", "up") }
    }

    func configure(_ arguments: String...) throws { try Self.run(["ip", "-n", name] + arguments) }

    private static func ip(_ arguments: String...) throws { try run(["ip"] + arguments) }

    private static func run(_ command: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(command: command.joined(separator: " ")) }
    }

    struct Failure: Error { let command: String }

    /// Runs `body` on a thread of its own inside the namespace. Threads that it starts are inside too.
    func inside<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let path = "/run/netns/\(name)"
        return try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                continuation.resume(
                    with: Result {
                        try Self.enter(path)
                        return try body()
                    }
                )
            }
            thread.start()
        }
    }

    /// Brings the calling thread inside; threads that it starts are inside too.
    func enter() throws { try Self.enter("/run/netns/\(name)") }

    /// Runs an event loop inside the namespace from `setUp` until `body`, which runs outside, is done.
    func withLoop(
        setUp: @escaping @Sendable (EventLoop) throws -> Void,
        _ body: @Sendable (EventLoop) async throws -> Void
    ) async throws {
        let loop = try EventLoop(name: "test-loop")
        let isReady = Found<Bool>()
        async let running: Void = inside {
            defer { isReady.append(true) }
            try setUp(loop)
            isReady.append(true)
            try loop.loop()
        }
        try await eventually { !isReady.all.isEmpty }
        do {
            try await body(loop)
        } catch {
            loop.stop()
            try await running
            throw error
        }
        loop.stop()
        try await running
    }

    /// setns(2), which the Glibc module does not show.
    private static func enter(_ path: String) throws {
        typealias SetNamespace = @convention(c) (CInt, CInt) -> CInt
        guard let symbol = dlsym(nil, "setns") else { throw SystemError("find", "setns", code: ENOSYS) }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        guard unsafeBitCast(symbol, to: SetNamespace.self)(descriptor, 0) == 0 else { throw SystemError("enter", path) }
    }
}

/// What handlers on a loop's thread found, to be read by the test.
final class Found<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])
    func append(_ element: Element) { elements.withLock { $0.append(element) } }
    var all: [Element] { elements.withLock { $0 } }
}
