import Vocabulary

// A machine in the snapshot file. A change here needs a new `SnapshotFile.magic`.

extension ByteWriter {
    mutating func append(_ machine: Machine) {
        append(machine.name)
        append(machine.nics.count)
        for nic in machine.nics {
            append(nic.mac.rawValue)
            append(optional: nic.address) { $0.append(UInt64($1.rawValue)) }
        }
        append(machine.labels.count)
        for (key, value) in machine.labels {
            append(key)
            append(value)
        }
        append(machine.values)
        append(optional: machine.profile)
        append(optional: machine.uuid) { $0.append($1) }
        append(optional: machine.serial)
        append(optional: machine.architecture?.rawValue)
        append(machine.state.rawValue)
        append(optional: machine.loader)
        append(machine.bmc)
        append(optional: machine.pinnedImage) { $0.append($1) }
        append(optional: machine.facts) { $0.append($1) }
    }

    private mutating func append(_ facts: MachineFacts) {
        append(optional: facts.uuid) { $0.append($1) }
        append(optional: facts.serial)
        append(optional: facts.architecture?.rawValue)
        append(optional: facts.vendorClass)
        append(optional: facts.hostName)
        append(optional: facts.reported) { $0.append($1) }
        append(UInt64(bitPattern: facts.lastSeen.milliseconds))
    }

    private mutating func append(_ values: [String: JSONValue]) {
        append(values.count)
        for (key, value) in values {
            append(key)
            append(value)
        }
    }

    private mutating func append(_ value: JSONValue) {
        switch value {
        case .null: append(0)
        case .bool(let value): append(value ? 2 : 1)
        case .integer(let value):
            append(3)
            append(UInt64(bitPattern: value))
        case .number(let value):
            append(4)
            append(value.bitPattern)
        case .string(let value):
            append(5)
            append(value)
        case .array(let values):
            append(6)
            append(values.count)
            for value in values { append(value) }
        case .object(let values):
            append(7)
            append(values)
        }
    }
}

extension ByteReader {
    mutating func machine() throws(Malformed) -> Machine {
        var machine = Machine(name: try text(), nics: [])
        for _ in 0..<(try count()) {
            let mac = MACAddress(rawValue: try integer())
            machine.nics.append(Machine.NIC(mac: mac, address: try optional { r throws(Malformed) in try r.address() }))
        }
        for _ in 0..<(try count()) { machine.labels[try text()] = try text() }
        machine.values = try values(depth: 0)
        machine.profile = try optionalText()
        machine.uuid = try optional { r throws(Malformed) in try r.uuid() }
        machine.serial = try optionalText()
        machine.architecture = try optionalText().map(Architecture.init(rawValue:))
        guard let state = Machine.State(rawValue: try text()) else { throw Malformed() }
        machine.state = state
        machine.loader = try optionalText()
        machine.bmc = try values(depth: 0)
        machine.pinnedImage = try optional { r throws(Malformed) in try r.digest() }
        machine.facts = try optional { r throws(Malformed) in try r.facts() }
        return machine
    }

    private mutating func address() throws(Malformed) -> IPv4Address {
        IPv4Address(rawValue: UInt32(truncatingIfNeeded: try integer()))
    }

    private mutating func facts() throws(Malformed) -> MachineFacts {
        MachineFacts(
            uuid: try optional { r throws(Malformed) in try r.uuid() },
            serial: try optionalText(),
            architecture: try optionalText().map(Architecture.init(rawValue:)),
            vendorClass: try optionalText(),
            hostName: try optionalText(),
            reported: try optional { r throws(Malformed) in try r.values(depth: 0) },
            lastSeen: Timestamp(milliseconds: Int64(bitPattern: try integer()))
        )
    }

    private mutating func values(depth: Int) throws(Malformed) -> [String: JSONValue] {
        var values: [String: JSONValue] = [:]
        for _ in 0..<(try count()) { values[try text()] = try value(depth: depth + 1) }
        return values
    }

    private mutating func value(depth: Int) throws(Malformed) -> JSONValue {
        guard depth < 64 else { throw Malformed() }
        switch try integer() {
        case 0: return .null
        case 1: return .bool(false)
        case 2: return .bool(true)
        case 3: return .integer(Int64(bitPattern: try integer()))
        case 4: return .number(Double(bitPattern: try integer()))
        case 5: return .string(try text())
        case 6:
            var values: [JSONValue] = []
            for _ in 0..<(try count()) { values.append(try value(depth: depth + 1)) }
            return .array(values)
        case 7: return .object(try values(depth: depth))
        default: throw Malformed()
        }
    }
}
