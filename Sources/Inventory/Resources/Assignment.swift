import Vocabulary

/// A rule that gives machines without a profile of their own one.
public struct Assignment: Hashable, Sendable {
    /// Which machines; every part that is given must match.
    public struct Selector: Hashable, Sendable {
        public var mac: MACPattern?
        public var uuid: MachineUUID?
        public var serial: SerialPattern?
        public var subnet: IPv4Network?
        public var labels: [String: String]
        public var architecture: Architecture?
        /// Matches every machine.
        public var isDefault: Bool

        public init(
            mac: MACPattern? = nil,
            uuid: MachineUUID? = nil,
            serial: SerialPattern? = nil,
            subnet: IPv4Network? = nil,
            labels: [String: String] = [:],
            architecture: Architecture? = nil,
            isDefault: Bool = false
        ) {
            self.mac = mac
            self.uuid = uuid
            self.serial = serial
            self.subnet = subnet
            self.labels = labels
            self.architecture = architecture
            self.isDefault = isDefault
        }
    }

    /// Its own name; nil when it goes by its selector and priority.
    public var name: String?
    public var selector: Selector
    public var profile: String
    /// Among equally specific rules the highest wins.
    public var priority: Int

    public init(name: String? = nil, selector: Selector, profile: String, priority: Int = 0) {
        self.name = name
        self.selector = selector
        self.profile = profile
        self.priority = priority
    }

    /// What tells it from others: applying a rule with the same identity replaces it.
    public var identity: String { name ?? "\(selector) priority \(priority)" }
}

/// A whole MAC, or the first hexadecimal digits of one and `*`.
public struct MACPattern: Hashable, Sendable {
    /// The digits that count, the others zero.
    public let value: UInt64
    /// Leading hexadecimal digits that count, 0 to 12; 12 is a whole MAC.
    public let digits: Int

    public init(_ mac: MACAddress) { (value, digits) = (mac.rawValue, 12) }

    /// - Parameter digits: 0 to 12.
    init(prefixOf mac: MACAddress, digits: Int) {
        self.digits = digits
        let dropped = 4 * UInt64(12 - digits)
        value = (mac.rawValue >> dropped) << dropped
    }

    public var isWhole: Bool { digits == 12 }

    public func matches(_ mac: MACAddress) -> Bool { MACPattern(prefixOf: mac, digits: digits) == self }
}

extension MACPattern: CustomStringConvertible, LosslessStringConvertible {
    public var description: String {
        let whole = MACAddress(rawValue: value).description
        return isWhole ? whole : whole.prefix(digits + digits / 2) + "*"
    }

    /// A MAC in any of its spellings, or the beginning of one with `*` after it; nil otherwise.
    public init?(_ description: String) {
        guard description.utf8.last == UInt8(ascii: "*") else {
            guard let mac = MACAddress(description) else { return nil }
            self.init(mac)
            return
        }
        var prefix = String(description.dropLast())
        let separator = prefix.utf8.first { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "-") }
        let digits = prefix.utf8.count { hexadecimalDigit($0) != nil }
        guard digits < 12 else { return nil }
        // Completed with zeros, it has to be a MAC.
        let mark = separator.map { String(Unicode.Scalar($0)) } ?? ""
        for index in digits..<12 {
            if index > 0, index.isMultiple(of: 2), !mark.isEmpty, !prefix.hasSuffix(mark) { prefix += mark }
            prefix += "0"
        }
        guard let mac = MACAddress(prefix) else { return nil }
        self.init(prefixOf: mac, digits: digits)
    }
}

/// A whole serial number, or the beginning of one and `*`. Compared byte by byte, in its own case.
public struct SerialPattern: Hashable, Sendable {
    public let text: String
    public let isWhole: Bool

    /// A pattern as written; nil when it is empty or a filler that many machines share.
    public init?(_ description: String) {
        isWhole = description.utf8.last != UInt8(ascii: "*")
        text = isWhole ? description : String(description.dropLast())
        if isWhole, MachineIdentity(serial: text).serial != text { return nil }
    }

    public func matches(_ serial: String) -> Bool {
        isWhole ? serial.utf8.elementsEqual(text.utf8) : serial.utf8.starts(with: text.utf8)
    }
}

extension SerialPattern: CustomStringConvertible {
    public var description: String { isWhole ? text : text + "*" }
}

extension Assignment.Selector: CustomStringConvertible {
    /// The same text for the same machines: `mac=52:54:* labels=rack=r7,role=web arch=arm64`.
    public var description: String {
        var parts: [String] = []
        if let mac { parts.append("mac=\(mac)") }
        if let uuid { parts.append("uuid=\(uuid)") }
        if let serial { parts.append("serial=\(serial)") }
        if let subnet { parts.append("subnet=\(subnet)") }
        if !labels.isEmpty {
            parts.append("labels=" + labels.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: ","))
        }
        if let architecture { parts.append("arch=\(architecture)") }
        if isDefault { parts.append("default") }
        return parts.joined(separator: " ")
    }
}
