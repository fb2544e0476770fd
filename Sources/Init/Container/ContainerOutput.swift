import CInit

/// What a container writes, on its way into its log. What runs at boot and at shutdown is read on the console too.
final class ContainerOutput {
    private let container: Container
    private let machine: Machine
    private let reader: Int32
    private var isReading = true
    /// For the programs that are started; -1 when closed.
    private(set) var writer: Int32

    init(of container: Container, machine: Machine) throws(InitError) {
        var ends: [Int32] = [-1, -1]
        let result = ends.withUnsafeMutableBufferPointer { sys_pipe($0.baseAddress!) }
        guard result >= 0 else { throw InitError("make a pipe for \(container.identifier)", code: Int(result)) }
        self.container = container
        self.machine = machine
        reader = ends[0]
        writer = ends[1]
        machine.loop.watch(reader, .readable) { [self] _ in read() }
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        // One round is bounded: who writes without end does not keep the others waiting.
        for _ in 0..<16 {
            let count = buffer.withUnsafeMutableBytes { sys_read(reader, $0.baseAddress!, $0.count) }
            if count == ErrorNumber.again { return }
            guard count > 0 else { return finish() }
            pass(container.log.append(buffer[..<count], at: machine.loop.now))
        }
    }

    private func pass(_ lines: [[UInt8]]) {
        guard container.section != .services else { return }
        for line in lines where !line.isEmpty {
            machine.console.pass(Array("\(container.name): ".utf8) + line + [UInt8(ascii: "\n")])
        }
    }

    /// Nobody writes any more.
    private func finish() {
        pass(container.log.finish(at: machine.loop.now))
        machine.loop.forget(reader)
        sys_close(reader)
        isReading = false
    }

    func closeWriter() {
        guard writer >= 0 else { return }
        sys_close(writer)
        writer = -1
    }

    /// The container has ended; what it left in the pipe is still read.
    func close() {
        closeWriter()
        if isReading { read() }
    }
}
