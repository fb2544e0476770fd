/// `linux.resources` of `config.json` (OCI runtime specification 1.2, config-linux, control groups).
extension Resources {
    /// - Parameter deviceRules: of the container's devices, after the rules that were given by themselves.
    func json(deviceRules: [SpecificationJSON]) -> SpecificationJSON {
        .members([
            "devices": .nonEmpty(devices.map(\.json) + deviceRules),
            "memory": memory?.json,
            "cpu": processor?.json,
            "pids": processLimit.map { .members(["limit": .integer($0)]) },
            "blockIO": blockDevices?.json,
            "hugepageLimits": .nonEmpty(
                hugePageLimits.map { .members(["pageSize": .string($0.pageSize), "limit": .unsigned($0.limit)]) }
            ),
            "network": network?.json,
        ])
    }
}

extension Resources.DeviceRule {
    fileprivate var json: SpecificationJSON {
        .members([
            "allow": .bool(isAllowed), "type": .nonEmpty(type), "major": major.map { .integer($0) },
            "minor": minor.map { .integer($0) }, "access": .nonEmpty(access),
        ])
    }
}

extension Resources.Memory {
    fileprivate var json: SpecificationJSON {
        .members([
            "limit": limit.map { .integer($0) }, "reservation": reservation.map { .integer($0) },
            "swap": swap.map { .integer($0) }, "kernel": kernel.map { .integer($0) },
            "kernelTCP": kernelTCP.map { .integer($0) }, "swappiness": swappiness.map { .unsigned($0) },
            "disableOOMKiller": disablesOutOfMemoryKiller.map { .bool($0) },
        ])
    }
}

extension Resources.Processor {
    fileprivate var json: SpecificationJSON {
        .members([
            "shares": shares.map { .unsigned($0) }, "quota": quota.map { .integer($0) },
            "period": period.map { .unsigned($0) }, "realtimeRuntime": realtimeRuntime.map { .integer($0) },
            "realtimePeriod": realtimePeriod.map { .unsigned($0) }, "cpus": .nonEmpty(processors),
            "mems": .nonEmpty(memoryNodes),
        ])
    }
}

extension Resources.BlockDevices {
    fileprivate var json: SpecificationJSON {
        .members([
            "weight": weight.map { .unsigned(UInt64($0)) }, "leafWeight": leafWeight.map { .unsigned(UInt64($0)) },
            "weightDevice": .nonEmpty(
                weightDevices.map { device in
                    .members([
                        "major": .integer(device.major), "minor": .integer(device.minor),
                        "weight": device.weight.map { .unsigned(UInt64($0)) },
                        "leafWeight": device.leafWeight.map { .unsigned(UInt64($0)) },
                    ])
                }
            ),
            "throttleReadBpsDevice": .nonEmpty(readRates.map(\.json)),
            "throttleWriteBpsDevice": .nonEmpty(writeRates.map(\.json)),
            "throttleReadIOPSDevice": .nonEmpty(readOperations.map(\.json)),
            "throttleWriteIOPSDevice": .nonEmpty(writeOperations.map(\.json)),
        ])
    }
}

extension Resources.Throttle {
    fileprivate var json: SpecificationJSON {
        .members(["major": .integer(major), "minor": .integer(minor), "rate": .unsigned(rate)])
    }
}

extension Resources.Network {
    fileprivate var json: SpecificationJSON {
        .members([
            "classID": classID.map { .unsigned(UInt64($0)) },
            "priorities": .nonEmpty(
                priorities.map { .members(["name": .string($0.name), "priority": .unsigned(UInt64($0.priority))]) }
            ),
        ])
    }
}
