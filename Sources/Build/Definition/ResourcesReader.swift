import StrictYAML

/// Reads `resources:`.
struct ResourcesReader {
    let log: ProblemLog

    func resources(_ node: Node) -> Resources? {
        let known = ["devices", "memory", "cpu", "pids", "blockio", "hugepageLimits", "network"]
        guard let reader = MappingReader(node, known: known, log: log) else { return nil }
        var resources = Resources()
        resources.devices = reader.list("devices", of: "device rules", deviceRule) ?? []
        resources.memory = reader["memory"].flatMap(memory)
        resources.processor = reader["cpu"].flatMap(processor)
        resources.processLimit = reader["pids"]
            .flatMap { MappingReader($0, known: ["limit"], log: log)?.integer("limit") }
        resources.blockDevices = reader["blockio"].flatMap(blockDevices)
        resources.hugePageLimits = reader.list("hugepageLimits", of: "limits", hugePageLimit) ?? []
        resources.network = reader["network"].flatMap(network)
        return resources
    }

    private func deviceRule(_ node: Node) -> Resources.DeviceRule? {
        guard let reader = MappingReader(node, known: ["allow", "type", "major", "minor", "access"], log: log) else {
            return nil
        }
        var rule = Resources.DeviceRule()
        rule.isAllowed = reader.bool("allow") ?? false
        rule.type = reader.string("type")
        rule.major = reader.integer("major")
        rule.minor = reader.integer("minor")
        rule.access = reader.string("access")
        return rule
    }

    private func memory(_ node: Node) -> Resources.Memory? {
        let known = ["limit", "reservation", "swap", "kernel", "kernelTCP", "swappiness", "disableOOMKiller"]
        guard let reader = MappingReader(node, known: known, log: log) else { return nil }
        var memory = Resources.Memory()
        memory.limit = reader.integer("limit")
        memory.reservation = reader.integer("reservation")
        memory.swap = reader.integer("swap")
        memory.kernel = reader.integer("kernel")
        memory.kernelTCP = reader.integer("kernelTCP")
        memory.swappiness = reader.integer("swappiness")
        memory.disablesOutOfMemoryKiller = reader.bool("disableOOMKiller")
        return memory
    }

    private func processor(_ node: Node) -> Resources.Processor? {
        let known = ["shares", "quota", "period", "realtimeRuntime", "realtimePeriod", "cpus", "mems"]
        guard let reader = MappingReader(node, known: known, log: log) else { return nil }
        var processor = Resources.Processor()
        processor.shares = reader.integer("shares")
        processor.quota = reader.integer("quota")
        processor.period = reader.integer("period")
        processor.realtimeRuntime = reader.integer("realtimeRuntime")
        processor.realtimePeriod = reader.integer("realtimePeriod")
        processor.processors = reader.string("cpus")
        processor.memoryNodes = reader.string("mems")
        return processor
    }

    private func blockDevices(_ node: Node) -> Resources.BlockDevices? {
        let known = [
            "weight", "leafWeight", "weightDevice", "throttleReadBpsDevice", "throttleWriteBpsDevice",
            "throttleReadIOPSDevice", "throttleWriteIOPSDevice",
        ]
        guard let reader = MappingReader(node, known: known, log: log) else { return nil }
        var block = Resources.BlockDevices()
        block.weight = reader.integer("weight")
        block.leafWeight = reader.integer("leafWeight")
        block.weightDevices = reader.list("weightDevice", of: "devices", weightDevice) ?? []
        block.readRates = reader.list("throttleReadBpsDevice", of: "devices", throttle) ?? []
        block.writeRates = reader.list("throttleWriteBpsDevice", of: "devices", throttle) ?? []
        block.readOperations = reader.list("throttleReadIOPSDevice", of: "devices", throttle) ?? []
        block.writeOperations = reader.list("throttleWriteIOPSDevice", of: "devices", throttle) ?? []
        return block
    }

    private func weightDevice(_ node: Node) -> Resources.WeightDevice? {
        guard let reader = MappingReader(node, known: ["major", "minor", "weight", "leafWeight"], log: log) else {
            return nil
        }
        var device = Resources.WeightDevice(major: reader.integer("major") ?? 0, minor: reader.integer("minor") ?? 0)
        device.weight = reader.integer("weight")
        device.leafWeight = reader.integer("leafWeight")
        return device
    }

    private func throttle(_ node: Node) -> Resources.Throttle? {
        guard let reader = MappingReader(node, known: ["major", "minor", "rate"], log: log) else { return nil }
        return Resources.Throttle(
            major: reader.integer("major") ?? 0,
            minor: reader.integer("minor") ?? 0,
            rate: reader.integer("rate") ?? 0
        )
    }

    private func hugePageLimit(_ node: Node) -> Resources.HugePageLimit? {
        guard let reader = MappingReader(node, known: ["pageSize", "limit"], log: log) else { return nil }
        guard let size = reader.required("pageSize", "the size of a huge page in MiB") else { return nil }
        guard let megabytes = log.integer(size, as: UInt32.self), let limit = reader.integer("limit", as: UInt64.self)
        else {
            return nil
        }
        return Resources.HugePageLimit(pageSize: "\(megabytes)MB", limit: limit)
    }

    private func network(_ node: Node) -> Resources.Network? {
        guard let reader = MappingReader(node, known: ["classID", "priorities"], log: log) else { return nil }
        var network = Resources.Network()
        network.classID = reader.integer("classID")
        network.priorities =
            reader.list("priorities", of: "priorities") { node in
                guard let reader = MappingReader(node, known: ["name", "priority"], log: log) else { return nil }
                return Resources.Network.Priority(
                    name: reader.string("name") ?? "",
                    priority: reader.integer("priority") ?? 0
                )
            } ?? []
        return network
    }
}
