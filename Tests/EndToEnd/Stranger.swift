import Build
import Foundation
import Testing
import Vocabulary

@testable import muster

/// A host that is none of the machines: a network namespace of its own, joined to the lab's bridge by a cable.
struct Stranger: Sendable {
    static let address = IPv4Address(192, 168, 77, 3)
    let lab: RunningLab

    /// Asks `count` times for what a machine boots, as if it were that machine.
    func ask(for machine: LabMachine, count: Int, cable: String) async throws {
        let mac = "52-54-00-77-00-0\(machine.number)"
        let url = "http://\(LabNetwork.server):8080/boot.ipxe?mac=\(mac)&arch=amd64&buildarch=x86_64&n=[1-\(count)]"
        // The cable's other end goes to the namespace of the shell, by the shell's own number.
        let script = """
            ip link set lo up
            nsenter --net --target \(try lab.process) ip link add \(cable) type veth peer name eth0 netns $$
            nsenter --net --target \(try lab.process) ip link set \(cable) master \(LabNetwork.bridge) up
            ip address add \(Self.address)/24 dev eth0
            ip link set eth0 up
            exec curl --silent --show-error --max-time 60 --output /dev/null --write-out '%{http_code}\\n' '\(url)'
            """
        let answers = try await HostProgram.run("unshare", ["--net", "--", "sh", "-e", "-c", script])
        #expect(answers.split(separator: "\n").count { $0 == "200" } == count, "it is answered each time")
    }
}
