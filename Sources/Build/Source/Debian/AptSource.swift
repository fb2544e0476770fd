/// One entry of apt's sources (sources.list(5)): where packages may come from.
struct AptSource: Hashable, Sendable {
    var types: [String]
    var uris: [String]
    var suites: [String]
    var components: [String]
    /// The keyring file that must have signed it; nil when it names none or holds the key itself.
    var keyring: String?

    /// The entries of a one-line-style file (`sources.list`, `*.list`). Lines that apt would refuse are left out:
    /// they are apt's to complain about.
    static func parse(list text: String) -> [AptSource] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            var words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)[...]
            guard let type = words.popFirst(), type == "deb" || type == "deb-src" else { return nil }
            var keyring: String?
            if words.first?.hasPrefix("[") == true {
                guard let end = words.firstIndex(where: { $0.hasSuffix("]") }) else { return nil }
                let options = words[...end].joined(separator: " ").dropFirst().dropLast().split(separator: " ")
                keyring = options.first { $0.hasPrefix("signed-by=") }.flatMap { file(named: $0.dropFirst(10)) }
                words = words[(end + 1)...]
            }
            guard words.count >= 2 else { return nil }
            let rest = words.map(String.init)
            return AptSource(
                types: [String(type)],
                uris: [rest[0]],
                suites: [rest[1]],
                components: Array(rest.dropFirst(2)),
                keyring: keyring
            )
        }
    }

    /// The entries of a deb822-style file (`*.sources`), without those that are switched off.
    static func parse(deb822 text: String) -> [AptSource] {
        stanzas(of: text).compactMap { fields in
            func words(_ name: String) -> [String] {
                (fields[name] ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
            }
            let isOff = ["no", "false", "without", "off", "disable", "0"].contains(words("enabled").first?.lowercased())
            guard !isOff, !words("uris").isEmpty, !words("suites").isEmpty else { return nil }
            return AptSource(
                types: words("types"),
                uris: words("uris"),
                suites: words("suites"),
                components: words("components"),
                keyring: words("signed-by").first.flatMap { file(named: $0) }
            )
        }
    }

    /// Stanzas of `Name: value` fields with lower-case names; continuation lines are joined by blanks.
    private static func stanzas(of text: String) -> [[String: String]] {
        var result: [[String: String]] = [[:]]
        var field: String?
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            if line.allSatisfy(\.isWhitespace) {
                result.append([:])
                field = nil
            } else if line.first == "#" {
                continue
            } else if line.first?.isWhitespace == true {
                if let field { result[result.count - 1][field, default: ""] += " " + line }
            } else if let colon = line.firstIndex(of: ":") {
                let name = line[..<colon].lowercased()
                result[result.count - 1][name] = String(line[line.index(after: colon)...])
                field = name
            }
        }
        return result.filter { !$0.isEmpty }
    }

    private static func file(named names: some StringProtocol) -> String? {
        let first = String(names.prefix { $0 != "," })
        return first.hasPrefix("/") ? first : nil
    }
}
