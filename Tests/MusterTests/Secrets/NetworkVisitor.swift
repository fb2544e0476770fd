import Foundation
import Testing
import Vocabulary

/// A host of a `FaultNetwork` that asks the boot plane what loaders ask, with the programs that people have.
final class NetworkVisitor {
    struct Answer {
        /// Of HTTP; 0 when nothing came.
        var status: Int
        var body: String
    }

    let side: String
    private let scratch: TemporaryDirectory
    /// Everything that it ever was told, in order.
    private(set) var heard: [String] = []

    init(_ side: String?) throws {
        self.side = try #require(side, "the network has no such host")
        scratch = try TemporaryDirectory()
    }

    @discardableResult
    func get(_ path: String, _ options: [String] = []) throws -> Answer {
        let file = try scratch.file("answer").path
        let url = path.hasPrefix("tftp:") || path.hasPrefix("http:") ? path : FaultServer.base + path
        let finished = try FaultNetwork.inside(
            side,
            ["curl", "-sS", "--max-time", "10", "-o", file, "-w", "%{http_code}"] + options + [url]
        )
        let body = String(decoding: try Data(contentsOf: URL(fileURLWithPath: file)), as: UTF8.self)
        heard.append(body)
        return Answer(status: Int(finished.output) ?? 0, body: body)
    }

    /// A file by TFTP; empty when it is refused.
    func tftp(_ name: String) throws -> String { try get("tftp://\(FaultNetwork.server)/\(name)").body }

    func report(_ state: String, of boot: String, token: String) throws -> Int {
        let body = #"{"state":"\#(state)"}"#
        return try get("/boots/\(boot)/report", ["-H", "Authorization: Bearer \(token)", "-d", body]).status
    }

    func orders(of boot: String, token: String) throws -> Int {
        try get("/boots/\(boot)/orders", ["-H", "Authorization: Bearer \(token)"]).status
    }

    /// Asks so many times at once for the same, and tells how often each status came.
    func storm(_ path: String, times: Int) throws -> [Int: Int] {
        let command = "seq \(times) | xargs -P 16 -I NUMBER curl -s -o \(scratch.path)/NUMBER -w '%{http_code}\\n' "
        let finished = try FaultNetwork.inside(side, ["sh", "-c", command + FaultServer.base + path])
        for number in 1...times {
            let body = FileManager.default.contents(atPath: "\(scratch.path)/\(number)") ?? Data()
            heard.append(String(decoding: body, as: UTF8.self))
        }
        return finished.output.split(separator: "\n").reduce(into: [:]) { $0[Int($1) ?? 0, default: 0] += 1 }
    }

    // MARK: Its network card

    func ip(_ arguments: String...) throws { try Finished(running: ["ip", "-n", side] + arguments).succeeded() }

    /// Nobody is there; or somebody who knows nothing of before.
    func plug(_ isIn: Bool) throws { try ip("link", "set", "eth0", isIn ? "up" : "down") }

    func take(_ address: String) throws { try ip("address", "add", "\(address)/16", "dev", "eth0") }

    func leave(_ address: String) throws { try ip("address", "delete", "\(address)/16", "dev", "eth0") }

    /// What a PXE ROM does first, by a DHCP client that people have.
    /// - Returns: the address that it has then.
    func dhcp() throws -> String {
        try ip("address", "flush", "dev", "eth0")
        let script = try scratch.file(
            "lease",
            "#!/bin/sh\n[ \"$1\" != bound ] || ip address add \"$ip/16\" dev eth0 && echo \"$ip\" > \(scratch.path)/address\n"
        )
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path)
        let client = ["busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-f", "-s", script.path]
        try FaultNetwork.inside(side, client + ["-V", "PXEClient:Arch:00007:UNDI:003016"]).succeeded()
        let address = try String(contentsOfFile: scratch.path + "/address", encoding: .utf8)
        return address.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
