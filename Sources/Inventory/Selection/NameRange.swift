/// Names in the short form that people use for many: `n[1-40]`, `n[01-16,20]`, `r[1-3]n[1-8]`, `web,db[1-2]`.
public struct NameRange: Hashable, Sendable {
    /// Every name, in the order written.
    public let names: [String]

    /// More names than this are a slip of the pen.
    public static let limit = 1_000_000

    /// - Throws: `InventoryError.Code.invalidInput` with what was found and what was expected.
    public init(_ text: String) throws {
        var names: [String] = []
        for part in Self.splitOutsideBrackets(text) {
            let expanded = try Self.expand(part, in: text)
            guard names.count + expanded.count <= Self.limit else { throw Self.tooMany(text) }
            names += expanded
        }
        self.names = names
    }

    /// The names of several arguments, each once, in the order written.
    public static func expand(_ arguments: [String]) throws -> [String] {
        var seen: Set<String> = []
        return try arguments.flatMap { try NameRange($0).names }.filter { seen.insert($0).inserted }
    }

    private static func splitOutsideBrackets(_ text: String) -> [Substring] {
        var depth = 0
        return text.split(omittingEmptySubsequences: false) { character in
            if character == "[" { depth += 1 }
            if character == "]" { depth -= 1 }
            return character == "," && depth == 0
        }
    }

    private static func expand(_ part: Substring, in text: String) throws -> [String] {
        guard let open = part.firstIndex(of: "[") else {
            guard !part.isEmpty, !part.contains("]") else { throw malformed(text) }
            return [String(part)]
        }
        guard let close = part[open...].firstIndex(of: "]") else { throw malformed(text) }
        let numbers = try part[part.index(after: open)..<close]
            .split(separator: ",", omittingEmptySubsequences: false)
            .flatMap { try Self.numbers($0, in: text) }
        let rest = part[part.index(after: close)...]
        let tails = rest.isEmpty ? [""] : try expand(rest, in: text)
        guard numbers.count * tails.count <= limit else { throw tooMany(text) }
        let head = part[..<open]
        return numbers.flatMap { number in tails.map { "\(head)\(number)\($0)" } }
    }

    /// `7` or `01-16`: as wide as the first number is written.
    private static func numbers(_ item: Substring, in text: String) throws -> [String] {
        let ends = item.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(ends.count),
            ends.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { 48...57 ~= $0 } && $0.utf8.count <= 9 }),
            let first = Int(ends[0]), let last = Int(ends[ends.count - 1]), first <= last
        else { throw malformed(text) }
        guard last - first < limit else { throw tooMany(text) }
        let width = ends[0].utf8.count
        return (first...last).map { number in
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
    }

    private static func malformed(_ text: String) -> InventoryError {
        InventoryError(.invalidInput, "found the names '\(text)', expected a form such as n12, n[1-40] or n[01-16,20]")
    }

    private static func tooMany(_ text: String) -> InventoryError {
        InventoryError(.invalidInput, "found more than \(limit) names in '\(text)'")
    }
}
