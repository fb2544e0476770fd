import Inventory
import Vocabulary

/// A value that one scalar of the configuration spells.
protocol SettingsValue: Sendable {
    /// What a good spelling looks like: the end of "found '…', expected …".
    static var expected: String { get }
    /// nil when `text` does not spell one.
    init?(setting text: String)
    /// How `muster config` prints it; `init?(setting:)` reads it back.
    var setting: String { get }
}

extension String: SettingsValue {
    static var expected: String { "a text" }
    init?(setting text: String) {
        guard !text.isEmpty, !text.unicodeScalars.contains(where: { $0.value < 0x20 }) else { return nil }
        self = text
    }
    var setting: String { self }
}

extension Bool: SettingsValue {
    static var expected: String { "true or false" }
    init?(setting text: String) { self.init(text) }
    var setting: String { description }
}

extension Int: SettingsValue {
    static var expected: String { "a whole number, 1 or more" }
    init?(setting text: String) {
        guard let value = Int(text), value > 0, String(value) == text else { return nil }
        self = value
    }
    var setting: String { description }
}

/// A port to listen on. 0 lets the system choose, for tests.
extension UInt16: SettingsValue {
    static var expected: String { "a port, 0 to 65535" }
    init?(setting text: String) {
        guard let value = UInt16(text), String(value) == text else { return nil }
        self = value
    }
    var setting: String { description }
}

extension Share: SettingsValue {
    static var expected: String { "a number of machines or a percentage, such as 3 or 10%" }
    init?(setting text: String) { self.init(text) }
    var setting: String { description }
}

extension IPv4Address: SettingsValue {
    static var expected: String { "an IPv4 address such as 192.168.77.1" }
    init?(setting text: String) { self.init(text) }
    var setting: String { description }
}

extension IPv4Network: SettingsValue {
    static var expected: String { "a network such as 192.168.77.0/24, its host bits zero" }
    init?(setting text: String) { self.init(text) }
    var setting: String { description }
}

extension Endpoint: SettingsValue {
    static var expected: String { "an address and a port such as 127.0.0.1:8081" }
    init?(setting text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPv4Address(parts[0]), let port = UInt16(setting: String(parts[1])) else {
            return nil
        }
        self.init(address: address, port: port)
    }
    var setting: String { description }
}

/// `192.168.77.100-192.168.77.199`: both ends belong to it.
struct AddressRange: Hashable, Sendable, SettingsValue {
    var addresses: ClosedRange<IPv4Address>

    static var expected: String { "a range such as 192.168.77.100-192.168.77.199, the lower address first" }
    init?(setting text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let low = IPv4Address(parts[0]), let high = IPv4Address(parts[1]), low <= high else {
            return nil
        }
        addresses = low...high
    }
    var setting: String { "\(addresses.lowerBound)-\(addresses.upperBound)" }
}

extension TimeSpan: SettingsValue {
    static var expected: String { "a time such as 30s, 5m, 1h or 7d" }
    init?(setting text: String) { self.init(text) }
    var setting: String { description }
}

/// A closed set of words.
protocol SettingsChoice: SettingsValue, CaseIterable, RawRepresentable<String> {}

extension SettingsChoice {
    static var expected: String { "one of " + allCases.map(\.rawValue).joined(separator: ", ") }
    init?(setting text: String) { self.init(rawValue: text) }
    var setting: String { rawValue }
}
