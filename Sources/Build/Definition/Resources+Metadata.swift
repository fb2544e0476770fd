import StrictYAML

/// `resources:` of the merged definition, in the order of the OCI runtime specification.
extension Resources {
    var document: YAMLValue {
        var members = MemberList()
        members.add("devices", devices.isEmpty ? nil : .list(devices.map(\.document)))
        members.add("memory", memory?.document)
        members.add("cpu", processor?.document)
        members.add("pids", processLimit.map { .members([.init("limit", .integer(Int128($0)))]) })
        members.add("blockio", blockDevices?.document)
        members.add("hugepageLimits", hugePageLimits.isEmpty ? nil : .list(hugePageLimits.map(\.document)))
        members.add("network", network?.document)
        return members.value
    }
}

extension Resources.DeviceRule {
    fileprivate var document: YAMLValue {
        var members = MemberList()
        members.add("allow", .bool(isAllowed))
        members.add("type", nonEmpty: type)
        members.add("major", major)
        members.add("minor", minor)
        members.add("access", nonEmpty: access)
        return members.value
    }
}

extension Resources.Memory {
    fileprivate var document: YAMLValue {
        var members = MemberList()
        members.add("limit", limit)
        members.add("reservation", reservation)
        members.add("swap", swap)
        members.add("kernel", kernel)
        members.add("kernelTCP", kernelTCP)
        members.add("swappiness", swappiness)
        members.add("disableOOMKiller", disablesOutOfMemoryKiller.map(YAMLValue.bool))
        return members.value
    }
}

extension Resources.Processor {
    fileprivate var document: YAMLValue {
        var members = MemberList()
        members.add("shares", shares)
        members.add("quota", quota)
        members.add("period", period)
        members.add("realtimeRuntime", realtimeRuntime)
        members.add("realtimePeriod", realtimePeriod)
        members.add("cpus", nonEmpty: processors)
        members.add("mems", nonEmpty: memoryNodes)
        return members.value
    }
}

extension Resources.BlockDevices {
    fileprivate var document: YAMLValue {
        func throttles(_ devices: [Resources.Throttle]) -> YAMLValue? {
            devices.isEmpty ? nil : .list(devices.map(\.document))
        }
        var members = MemberList()
        members.add("weight", weight)
        members.add("leafWeight", leafWeight)
        members.add("weightDevice", weightDevices.isEmpty ? nil : .list(weightDevices.map(\.document)))
        members.add("throttleReadBpsDevice", throttles(readRates))
        members.add("throttleWriteBpsDevice", throttles(writeRates))
        members.add("throttleReadIOPSDevice", throttles(readOperations))
        members.add("throttleWriteIOPSDevice", throttles(writeOperations))
        return members.value
    }
}

extension Resources.WeightDevice {
    fileprivate var document: YAMLValue {
        var members = MemberList()
        members.add("major", major)
        members.add("minor", minor)
        members.add("weight", weight)
        members.add("leafWeight", leafWeight)
        return members.value
    }
}

extension Resources.Throttle {
    fileprivate var document: YAMLValue {
        var members = MemberList()
        members.add("major", major)
        members.add("minor", minor)
        members.add("rate", rate)
        return members.value
    }
}

extension Resources.HugePageLimit {
    fileprivate var document: YAMLValue {
        var members = MemberList()
        members.add("pageSize", Int64(pageSize.dropLast(2)))
        members.add("limit", limit)
        return members.value
    }
}

extension Resources.Network {
    fileprivate var document: YAMLValue {
        var members = MemberList()
        members.add("classID", classID)
        if !priorities.isEmpty {
            let list = priorities.map { priority in
                YAMLValue.members([
                    .init("name", .string(priority.name)), .init("priority", .integer(Int128(priority.priority))),
                ])
            }
            members.add("priorities", .list(list))
        }
        return members.value
    }
}
