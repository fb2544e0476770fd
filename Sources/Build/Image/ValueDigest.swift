import StrictYAML
import Vocabulary

/// The digest of a value by what it is made of: every stored property of every value in it, with its type, and nothing
/// else, so that a property that somebody adds is in it without being named here. Equal values have equal digests, in
/// every process; places in texts are left out, because nothing that is built depends on them.
///
/// For values made of structures, enumerations, collections, strings, numbers and digests.
struct ValueDigest {
    private var hash = KeyHash()
    /// Asking for a type's name takes longer than everything else.
    private var names: [ObjectIdentifier: String] = [:]

    static func of(_ value: Any) -> Digest {
        var digest = ValueDigest()
        digest.add(value)
        return digest.hash.finish()
    }

    private mutating func name(of type: Any.Type) -> String {
        if let name = names[ObjectIdentifier(type)] { return name }
        let name = String(reflecting: type)
        names[ObjectIdentifier(type)] = name
        return name
    }

    private mutating func add(_ value: Any) {
        if value is SourcePlace { return }
        hash.add(text: name(of: type(of: value)))
        if let text = value as? String { return hash.add(text: text) }
        let mirror = Mirror(reflecting: value)
        if mirror.children.isEmpty { return hash.add(text: String(describing: value)) }
        hash.add(UInt64(mirror.children.count))
        if mirror.displayStyle == .dictionary || mirror.displayStyle == .set {
            // These have no order.
            for digest in mirror.children.map({ Self.of($0.value) }).sorted() { hash.add(digest) }
            return
        }
        for child in mirror.children {
            // A property, or the case of an enumeration.
            hash.add(text: child.label ?? "")
            add(child.value)
        }
    }
}
