import Vocabulary

/// All assignments, filed so that finding a machine's takes as long with a hundred thousand rules as with ten.
///
/// A rule lies in one drawer, that of its strongest part; a machine looks only into the drawers that its own values
/// name, and checks the rules there whole.
public struct AssignmentResolver: Sendable {
    private enum Drawer: Hashable, Sendable {
        case mac(MACPattern)
        case uuid(MachineUUID)
        case serial(String, isWhole: Bool)
        case subnet(IPv4Network)
        case label(key: String, value: String)
        case architecture(Architecture)
        case any
    }

    private var rules: [String: Assignment] = [:]
    private var drawers: [Drawer: Set<String>] = [:]
    /// How many rules have a MAC prefix, serial prefix or subnet of each length: only those lengths are looked up.
    private var lengths: [Length: Int] = [:]

    private enum Length: Hashable, Sendable {
        case mac(Int)
        case serial(Int)
        case subnet(Int)
    }

    public init() {}

    public init(_ assignments: some Sequence<Assignment>) {
        for assignment in assignments { insert(assignment) }
    }

    public var assignments: [Assignment] { rules.values.sorted { $0.identity < $1.identity } }
    public subscript(identity: String) -> Assignment? { rules[identity] }

    /// Adds a rule, in place of the one with the same identity.
    public mutating func insert(_ assignment: Assignment) {
        remove(assignment.identity)
        guard let drawer = Self.drawer(of: assignment.selector) else { return }
        rules[assignment.identity] = assignment
        drawers[drawer, default: []].insert(assignment.identity)
        if let length = Self.length(of: drawer) { lengths[length, default: 0] += 1 }
    }

    public mutating func remove(_ identity: String) {
        guard let old = rules.removeValue(forKey: identity), let drawer = Self.drawer(of: old.selector) else { return }
        drawers[drawer]?.remove(identity)
        if drawers[drawer]?.isEmpty == true { drawers[drawer] = nil }
        if let length = Self.length(of: drawer) {
            lengths[length, default: 0] -= 1
            if lengths[length] == 0 { lengths[length] = nil }
        }
    }

    /// The rule that wins for a machine without a profile of its own; nil when none matches.
    public func resolve(_ subject: AssignmentSubject) -> Assignment? {
        matching(subject).max { !Self.precedes($0, $1) }
    }

    /// Every rule that matches, the winner first.
    public func matching(_ subject: AssignmentSubject) -> [Assignment] {
        var found: [Assignment] = []
        for drawer in drawersToOpen(for: subject) {
            for identity in drawers[drawer] ?? [] {
                guard let rule = rules[identity], rule.selector.matches(subject) else { continue }
                found.append(rule)
            }
        }
        return found.sorted(by: Self.precedes)
    }

    /// Whether `a` wins over `b`. Two that are equal in everything else go by identity: every answer is the same.
    static func precedes(_ a: Assignment, _ b: Assignment) -> Bool {
        let (left, right) = (Specificity(a.selector), Specificity(b.selector))
        if left != right { return left > right }
        if a.priority != b.priority { return a.priority > b.priority }
        return a.identity < b.identity
    }

    // MARK: Drawers

    private static func drawer(of selector: Assignment.Selector) -> Drawer? {
        if let mac = selector.mac, mac.isWhole { return .mac(mac) }
        if let uuid = selector.uuid { return .uuid(uuid) }
        if let serial = selector.serial, serial.isWhole { return .serial(serial.text, isWhole: true) }
        if let mac = selector.mac { return .mac(mac) }
        if let serial = selector.serial { return .serial(serial.text, isWhole: false) }
        if let subnet = selector.subnet { return .subnet(subnet) }
        if let label = selector.labels.min(by: { $0.key < $1.key }) {
            return .label(key: label.key, value: label.value)
        }
        if let architecture = selector.architecture { return .architecture(architecture) }
        return selector.isDefault ? .any : nil
    }

    private static func length(of drawer: Drawer) -> Length? {
        switch drawer {
        case .mac(let pattern): .mac(pattern.digits)
        case .serial(let text, isWhole: false): .serial(text.utf8.count)
        case .subnet(let network): .subnet(network.prefixLength)
        case .uuid, .serial, .label, .architecture, .any: nil
        }
    }

    private func drawersToOpen(for subject: AssignmentSubject) -> Set<Drawer> {
        var result: Set<Drawer> = [.any]
        if let uuid = subject.uuid { result.insert(.uuid(uuid)) }
        if let serial = subject.serial { result.insert(.serial(serial, isWhole: true)) }
        if let architecture = subject.architecture { result.insert(.architecture(architecture)) }
        for (key, value) in subject.labels { result.insert(.label(key: key, value: value)) }
        for length in lengths.keys {
            switch length {
            case .mac(let digits):
                for mac in subject.macs { result.insert(.mac(MACPattern(prefixOf: mac, digits: digits))) }
            case .serial(let count):
                guard let serial = subject.serial, serial.utf8.count >= count else { continue }
                result.insert(.serial(String(decoding: serial.utf8.prefix(count), as: UTF8.self), isWhole: false))
            case .subnet(let prefix):
                for address in subject.addresses {
                    if let network = IPv4Network(containing: address, prefixLength: prefix) {
                        result.insert(.subnet(network))
                    }
                }
            }
        }
        return result
    }
}
