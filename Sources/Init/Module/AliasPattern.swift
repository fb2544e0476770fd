/// Shell patterns of `modules.alias`, matched to a device's alias byte by byte: `*`, `?` and `[…]` (fnmatch(3) without
/// flags, which is what the kernel's tools use).
enum AliasPattern {
    static func matches(_ pattern: ArraySlice<UInt8>, _ text: [UInt8]) -> Bool {
        var at = pattern.startIndex
        var position = 0
        // Where to go on when what follows the last `*` does not match: with one more byte eaten by it.
        var star: (next: Int, position: Int)?
        while true {
            if at < pattern.endIndex, pattern[at] == UInt8(ascii: "*") {
                star = (at + 1, position)
                at += 1
                continue
            }
            if position == text.count {
                if at == pattern.endIndex { return true }
            } else if at < pattern.endIndex, let next = step(pattern, at, text[position]) {
                at = next
                position += 1
                continue
            }
            guard let last = star, last.position < text.count else { return false }
            star = (last.next, last.position + 1)
            at = last.next
            position = last.position + 1
        }
    }

    /// Where the pattern goes on when its next part takes the byte.
    private static func step(_ pattern: ArraySlice<UInt8>, _ index: Int, _ byte: UInt8) -> Int? {
        guard pattern[index] == UInt8(ascii: "[") else {
            return pattern[index] == UInt8(ascii: "?") || pattern[index] == byte ? index + 1 : nil
        }
        guard let end = pattern[index...].dropFirst(2).firstIndex(of: UInt8(ascii: "]")) else { return nil }
        let members = Array(pattern[(index + 1)..<end])
        let isNegated = members[0] == UInt8(ascii: "!") || members[0] == UInt8(ascii: "^")
        var found = false
        var member = isNegated ? 1 : 0
        while member < members.count {
            let isRange = member + 2 < members.count && members[member + 1] == UInt8(ascii: "-")
            let last = isRange ? members[member + 2] : members[member]
            if members[member] <= byte, byte <= last { found = true }
            member += isRange ? 3 : 1
        }
        return found != isNegated ? end + 1 : nil
    }
}
