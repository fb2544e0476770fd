/// Option 77: the classes that a client's user or builder gave it.
///
/// RFC 3004 §4 wants each class with its length before it; iPXE and most others send one class bare. Both are read:
/// it is a list when lengths and octets add up exactly, else it is one bare class.
public struct UserClass: Hashable, Sendable {
    public var classes: [[UInt8]]

    public init(parsing octets: some Collection<UInt8>) {
        var list: [[UInt8]] = []
        var rest = octets[...]
        while let length = rest.popFirst() {
            guard length > 0, rest.count >= Int(length) else {
                classes = octets.isEmpty ? [] : [Array(octets)]
                return
            }
            list.append(Array(rest.prefix(Int(length))))
            rest = rest.dropFirst(Int(length))
        }
        classes = list
    }

    public func contains(_ name: String) -> Bool { classes.contains { $0.elementsEqual(name.utf8) } }
}
