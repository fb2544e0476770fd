import CInit

/// Another kernel, fetched and handed to this one, which starts it in its own place (kexec).
final class NextKernel {
    private let machine: Machine
    private let boot: NextBoot
    private let done: (String?) -> Void
    private var kernel: Int32 = -1
    private var initrd: Int32 = -1
    private var initrdSize = 0

    /// Whether a kernel waits to be started, ours or one that somebody else has loaded.
    static var isLoaded: Bool { FileSystem.line("/sys/kernel/kexec_loaded") == "1" }

    /// - Parameter done: called once, with what went wrong or nil.
    static func load(_ boot: NextBoot, machine: Machine, done: @escaping (String?) -> Void) {
        NextKernel(boot, machine, done).begin()
    }

    private init(_ boot: NextBoot, _ machine: Machine, _ done: @escaping (String?) -> Void) {
        self.boot = boot
        self.machine = machine
        self.done = done
    }

    private func begin() {
        kernel = sys_memory_file("kernel")
        initrd = sys_memory_file("initrd")
        guard kernel >= 0, initrd >= 0 else {
            return finish(InitError("make files in memory", code: Int(min(kernel, initrd))).message)
        }
        fetch(boot.kernel, into: kernel) { [self] _ in fetchInitrds(boot.initrd[...]) }
    }

    private func fetchInitrds(_ paths: ArraySlice<String>) {
        guard let path = paths.first else { return load() }
        // The kernel looks for the next archive where a multiple of four bytes begins.
        let gap = (4 - initrdSize % 4) % 4
        let result = FileSystem.write([UInt8](repeating: 0, count: gap), to: initrd)
        guard result >= 0 else { return finish(InitError("keep the initrd", code: result).message) }
        fetch(path, into: initrd) { [self] size in
            initrdSize += gap + size
            fetchInitrds(paths.dropFirst())
        }
    }

    private func fetch(_ path: String, into file: Int32, then: @escaping (Int) -> Void) {
        do throws(InitError) {
            let server = machine.arguments.value("muster.url") ?? ""
            HTTPDownload.start(try HTTPAddress(server + path), into: file, loop: machine.loop) { [self] result in
                switch result {
                case .fetched(let size): then(size)
                case .failed(let reason): finish(reason)
                }
            }
        } catch {
            finish(error.message)
        }
    }

    private func load() {
        let result = sys_load_kernel(kernel, initrdSize > 0 ? initrd : -1, boot.commandLine)
        finish(result < 0 ? InitError("load the other kernel", code: Int(result)).message : nil)
    }

    private func finish(_ reason: String?) {
        if kernel >= 0 { sys_close(kernel) }
        if initrd >= 0 { sys_close(initrd) }
        done(reason)
    }
}
