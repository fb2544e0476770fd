import CInit

/// Asks containerd through its socket, as its own programs do (api/services/containers/v1 and tasks/v1 of containerd 1.6;
/// later ones have kept them).
final class ContainerdClient {
    static let socket = "/run/containerd/containerd.sock"
    /// In milliseconds, for one call: a container's start waits for processors and memory.
    private static let patience: Int64 = 120_000

    private let loop: EventLoop

    init(loop: EventLoop) { self.loop = loop }

    // MARK: Containers

    /// - Parameter specification: `config.json`.
    func createContainer(
        _ identifier: String,
        in namespace: String,
        specification: [UInt8],
        done: @escaping (RemoteCall.Result) -> Void
    ) {
        var runtime = ProtocolBuffer()
        runtime.add(1, "io.containerd.runc.v2")
        var typed = ProtocolBuffer()
        typed.add(1, "types.containerd.io/opencontainers/runtime-spec/1/Spec")
        typed.add(2, specification)
        var container = ProtocolBuffer()
        container.add(1, identifier)
        container.add(4, runtime)
        container.add(5, typed)
        var request = ProtocolBuffer()
        request.add(1, container)
        call("containers.v1.Containers/Create", in: namespace, request, done)
    }

    func deleteContainer(
        _ identifier: String,
        in namespace: String,
        done: @escaping (RemoteCall.Result) -> Void
    ) {
        call("containers.v1.Containers/Delete", in: namespace, Self.named(identifier), done)
    }

    // MARK: Tasks

    /// Makes the container's first process, which waits.
    /// - Parameters:
    ///   - log: where all that it writes goes, as a URI.
    ///   - done: the process's number is field 2.
    func createTask(
        _ identifier: String,
        in namespace: String,
        log: String,
        done: @escaping (RemoteCall.Result) -> Void
    ) {
        var request = Self.named(identifier)
        request.add(5, log)
        request.add(6, log)
        call("tasks.v1.Tasks/Create", in: namespace, request, done)
    }

    func startTask(_ identifier: String, in namespace: String, done: @escaping (RemoteCall.Result) -> Void) {
        call("tasks.v1.Tasks/Start", in: namespace, Self.named(identifier), done)
    }

    /// Of a task that has ended, or has not begun.
    /// - Parameter done: its status is field 3.
    func deleteTask(_ identifier: String, in namespace: String, done: @escaping (RemoteCall.Result) -> Void) {
        call("tasks.v1.Tasks/Delete", in: namespace, Self.named(identifier), done)
    }

    private static func named(_ identifier: String) -> ProtocolBuffer {
        var request = ProtocolBuffer()
        request.add(1, identifier)
        return request
    }

    // MARK: Calls

    private func call(
        _ method: String,
        in namespace: String,
        _ message: ProtocolBuffer,
        _ done: @escaping (RemoteCall.Result) -> Void
    ) {
        do throws(InitError) {
            let call = try RemoteCall("/containerd.services.\(method)", namespace: namespace, message)
            let descriptor = sys_unix_connect(Self.socket)
            guard descriptor >= 0 else { throw InitError("connect to \(Self.socket)", code: Int(descriptor)) }
            Conversation(call, descriptor, loop, done).begin(patience: Self.patience)
        } catch {
            let reason = error.message
            loop.after(0) { done(.refused(reason)) }
        }
    }
}

/// A call on its way, on a connection of its own.
private final class Conversation {
    private var call: RemoteCall
    private let descriptor: Int32
    private let loop: EventLoop
    private var output: [UInt8]
    private var timer: EventLoop.Timer?
    private let done: (RemoteCall.Result) -> Void
    private var isDone = false

    init(
        _ call: RemoteCall,
        _ descriptor: Int32,
        _ loop: EventLoop,
        _ done: @escaping (RemoteCall.Result) -> Void
    ) {
        self.call = call
        self.descriptor = descriptor
        self.loop = loop
        self.done = done
        output = call.request
    }

    func begin(patience: Int64) {
        timer = loop.after(patience) { [self] in finish(.refused("no answer within \(patience / 1000) s")) }
        watch()
    }

    private func watch() {
        let interest: EventLoop.Readiness = output.isEmpty ? .readable : [.readable, .writable]
        loop.watch(descriptor, interest) { [self] readiness in
            if !output.isEmpty, readiness.contains(.writable) { send() }
            if !isDone, !readiness.isDisjoint(with: [.readable, .troubled]) { receive() }
        }
    }

    private func send() {
        let count = output.withUnsafeBytes { sys_write(descriptor, $0.baseAddress!, $0.count) }
        if count == ErrorNumber.again { return }
        guard count > 0 else {
            return finish(.refused(InitError("send to \(ContainerdClient.socket)", code: count).message))
        }
        output.removeFirst(count)
        if output.isEmpty { watch() }
    }

    private func receive() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { sys_read(descriptor, $0.baseAddress!, $0.count) }
        if count == ErrorNumber.again { return }
        guard count > 0 else { return finish(.refused("containerd has hung up")) }
        let step = call.receive(buffer[..<count])
        if let result = step.result { return finish(result) }
        guard !step.reply.isEmpty else { return }
        output += step.reply
        watch()
    }

    private func finish(_ result: RemoteCall.Result) {
        guard !isDone else { return }
        isDone = true
        loop.cancel(timer)
        loop.forget(descriptor)
        sys_close(descriptor)
        done(result)
    }
}
