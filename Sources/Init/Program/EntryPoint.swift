import CInit

/// The first process of a machine; and, called by the kernel with a module's name, what loads that.
@_cdecl("muster_init")
public func musterInit(_ count: Int32, _ arguments: UnsafePointer<UnsafePointer<CChar>?>) -> Int32 {
    let words = (0..<Int(count)).compactMap { arguments[$0].map { String(cString: $0) } }
    let console = Console()
    // The kernel's request_module(): modprobe -q -- NAME.
    if words.count == 4, words[1] == "-q", words[2] == "--" {
        return ModuleLoader(console: console)?.load(words[3]) == true ? 0 : 1
    }
    guard sys_own_process() == 1 else {
        console.say("this is a machine's first process; started as another it does nothing")
        return 64
    }
    do throws(InitError) {
        let machine = try Machine()
        try machine.prepare()
        let supervisor = Supervisor(machine: machine)
        let shutdown = Shutdown(machine: machine, supervisor: supervisor)
        machine.ordered = { shutdown.begin($0, reason: $1) }
        let orders = OrderTaker(machine: machine)
        let agent = Agent(machine: machine, logs: { supervisor.logs }, obey: { orders.take($0) })
        let fallback = FallbackAddress(machine: machine)
        supervisor.changed = {
            agent?.report($0)
            if $0 != .booting { fallback.plan() }
        }
        supervisor.start()
        machine.loop.run()
    } catch {
        console.say(error.message)
        // The kernel panics when its first process ends, and starts again.
        return 1
    }
}
