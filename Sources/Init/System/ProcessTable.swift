import CInit

/// How a process ended: its exit status, or 128 and the signal that ended it, as shells count.
struct ExitStatus: Equatable {
    let code: Int
    var isSuccess: Bool { code == 0 }

    /// "ended with status 1", "was ended by signal 9".
    var text: String { code > 128 ? "was ended by signal \(code - 128)" : "ended with status \(code)" }
}

/// The processes that were started here, and all others that lost their parents: a first process takes them over.
final class ProcessTable {
    private var endings: [Int32: (ExitStatus) -> Void] = [:]
    /// Ended before anybody asked, newest last: a container's process may be faster than the one that started it.
    private var unclaimed: [(process: Int32, status: ExitStatus)] = []
    private static let remembered = 64

    /// containerd's shims find runc where we do.
    private static let environment = [
        "PATH=\(SealedProgram.directory):/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin", "HOME=/root",
    ]
    private static let directories = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin"]

    /// Where the program is in the machine's root.
    static func find(_ program: String) -> String? {
        directories.map { "\($0)/\(program)" }.first { sys_type($0, true) == SYS_TYPE_FILE }
    }

    /// Starts a program, which reads nothing and writes to `output`.
    /// - Parameters:
    ///   - arguments: the first is the program's path.
    ///   - output: a descriptor that stays the caller's.
    @discardableResult
    func start(
        _ arguments: [String],
        output: Int32,
        ended: @escaping (ExitStatus) -> Void
    ) throws(InitError) -> Int32 {
        let input = sys_open("/dev/null", UInt32(SYS_OPEN_READ))
        guard input >= 0 else { throw InitError("read /dev/null", code: Int(input)) }
        defer { sys_close(input) }
        let process = Self.block(arguments).withUnsafeBufferPointer { texts in
            Self.block(Self.environment).withUnsafeBufferPointer { variables in
                sys_spawn(
                    sys_texts(texts: texts.baseAddress, count: Int32(arguments.count)),
                    sys_texts(texts: variables.baseAddress, count: Int32(Self.environment.count)),
                    input,
                    output,
                    output
                )
            }
        }
        guard process > 0 else { throw InitError("start \(arguments[0])", code: Int(process)) }
        endings[process] = ended
        return process
    }

    private static func block(_ texts: [String]) -> [CChar] {
        var block: [CChar] = []
        for text in texts { block += text.utf8.map { CChar(bitPattern: $0) } + [0] }
        return block
    }

    /// Calls `ended` when a process ends that something started here left behind; at once when it has ended already.
    func adopt(_ process: Int32, ended: @escaping (ExitStatus) -> Void) {
        if let index = unclaimed.firstIndex(where: { $0.process == process }) {
            ended(unclaimed.remove(at: index).status)
        } else {
            endings[process] = ended
        }
    }

    /// Takes leave of everything that has ended.
    /// - Returns: whether there is any process left.
    @discardableResult
    func reap() -> Bool {
        var code: Int32 = 0
        while true {
            let process = sys_reap(&code)
            guard process > 0 else { return process == 0 }
            let status = ExitStatus(code: Int(code))
            if let ended = endings.removeValue(forKey: process) {
                ended(status)
            } else {
                if unclaimed.count == Self.remembered { unclaimed.removeFirst() }
                unclaimed.append((process, status))
            }
        }
    }
}
