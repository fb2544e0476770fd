import Build
import Foundation

/// What a packet filter may drop. Only hints: rules are read, not tried.
func firewallFindings(_ configuration: Configuration) async -> [Finding] {
    let rules: String
    do {
        rules = try await HostProgram.run("nft", ["list", "ruleset"])
    } catch {
        guard let filters = try? await HostProgram.run("iptables", ["-S", "INPUT"]) else {
            return [.good("firewall", "neither nft nor iptables can be read, so nothing is known of one")]
        }
        return [finding(drops: filters.contains("-P INPUT DROP") || filters.contains("-j DROP"), configuration)]
    }
    return [finding(drops: dropsInput(nftables: rules), configuration)]
}

/// True when a chain that hooks into input drops or rejects something, by policy or by rule.
func dropsInput(nftables rules: String) -> Bool {
    var isInput = false
    for line in rules.split(separator: "\n") {
        let words = line.split { $0 == " " || $0 == "\t" || $0 == ";" }
        if words.first == "chain" { isInput = false }
        if line.contains("hook input") { isInput = true }
        if isInput, words.contains("drop") || words.contains("reject") { return true }
    }
    return false
}

private func finding(drops: Bool, _ configuration: Configuration) -> Finding {
    guard drops else { return .good("firewall", "nothing is dropped on input") }
    let interface = configuration.interfaces.first.map { "iifname \"\($0)\" " } ?? ""
    let ports = configuration.dhcp.mode == .off ? "" : "67, 4011, "
    return .warning(
        "firewall",
        "rules drop packets on input; machines need UDP \(ports)\(configuration.tftp.port) and TCP \(configuration.http.port)",
        cure: """
            nft add rule inet filter input \(interface)udp dport '{ \(ports)\(configuration.tftp.port) }' accept; \
            nft add rule inet filter input \(interface)tcp dport \(configuration.http.port) accept
            """
    )
}
