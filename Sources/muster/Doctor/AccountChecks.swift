import Foundation
import PXE

#if canImport(Glibc)
import Glibc
#endif

extension Configuration {
    /// The user that serves, and whether the data directory is its own.
    var accountFindings: [Finding] {
        var findings: [Finding] = []
        let account = try? Account(named: user)
        if let account {
            findings.append(.good("user", "\(user) exists, uid \(account.uid)"))
        } else {
            findings.append(
                .broken("user", "there is no user '\(user)' for serve to become", cure: Account.creation(user))
            )
        }
        var status = stat()
        guard stat(data, &status) == 0 else {
            findings.append(
                errno == ENOENT
                    ? .good("data", "\(data) does not exist yet; serve makes it when root starts it")
                    : .broken("data", "\(data): \(String(cString: strerror(errno)))", cure: "run this as root")
            )
            return findings
        }
        if let account, status.st_uid != account.uid, Account.isRoot {
            findings.append(
                .warning(
                    "data",
                    "\(data) belongs to uid \(status.st_uid)",
                    cure: "chown -R \(user): \(data), which serve does when root starts it"
                )
            )
        } else {
            findings.append(.good("data", "\(data) is there"))
        }
        if let tls = http.tls {
            for path in [tls.certificate, tls.key] where access(path, R_OK) != 0 {
                findings.append(
                    .broken(
                        "http.tls",
                        "\(path): \(String(cString: strerror(errno)))",
                        cure: "correct the path, or let user \(user) read it"
                    )
                )
            }
        }
        return findings
    }

    /// The provisioning network.
    var interfaceFindings: [Finding] {
        let present: [NetworkInterface]
        do {
            present = try NetworkInterface.all()
        } catch {
            return [.broken("interface", "\(error)", cure: "run this as root")]
        }
        let names = present.filter { !$0.isLoopback }.map(\.name).joined(separator: ", ")
        guard !interfaces.isEmpty else {
            let message = "none is configured; this host has \(names.isEmpty ? "none but loopback" : names)"
            return [.warning("interface", message, cure: "set `interface` to the one of the provisioning network")]
        }
        return interfaces.map { name in
            guard let interface = present.first(where: { $0.name == name }) else {
                return .broken(
                    "interface \(name)",
                    "there is none; this host has \(names)",
                    cure: "correct `interface`"
                )
            }
            guard interface.isUp else {
                return .broken("interface \(name)", "it is down", cure: "ip link set \(name) up")
            }
            let addresses = interface.addresses.map(\.address)
            guard let first = addresses.first else {
                let cure = "ip address add 192.168.77.1/24 dev \(name), or what the network uses"
                return .broken("interface \(name)", "it has no IPv4 address", cure: cure)
            }
            if let address, !addresses.contains(address) {
                return .broken("interface \(name)", "it does not have \(address)", cure: "correct `address`")
            }
            guard interface.isRunning else {
                return .warning("interface \(name)", "it has no link", cure: "look at the cable and the switch")
            }
            return .good("interface \(name)", "up, \(address ?? first)")
        }
    }
}
