import Foundation
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite("Transfers and kill -9", .blocking, .serialized, .needsRoot)
struct TransferFaultTests {
    private struct Load {
        var http = 160
        var tftp = 40
        var kills = 1

        static let short = Load()
        static let long = Load(http: 480, tftp: 120, kills: 3)
    }

    @Test("The server is killed while 200 clients are in the middle of a file; it comes back, and all finish")
    func killed() throws {
        let load = isLongRun ? Load.long : .short
        // So long that all are under way for seconds before the first is done.
        let server = try FaultServer(initrdSize: 2 << 20)
        let hex = try #require(try server.script().firstMatch(of: /images\/([0-9a-f]{64})\/initrd/)?.output.1)
        let received = server.directory.path + "/received"
        try FileManager.default.createDirectory(atPath: received, withIntermediateDirectories: true)
        let curls = try Self.curls(load.http, of: "\(FaultServer.base)/images/\(hex)/initrd", to: received, server)
        let firmware = Self.firmware(load.tftp, of: "images/\(hex)/initrd", on: server.network)
        for kill in 0..<load.kills {
            // The first time all run; later, some may be done.
            let running = kill == 0 ? load.http + load.tftp : 1
            try server.eventually("\(running) transfers run") {
                let http = try server.metric("muster_http_inflight")
                let tftp = try server.metric("muster_tftp_sessions")
                return http + tftp >= running
            }
            server.kill()
            try server.start()
        }
        curls.waitUntilExit()
        #expect(curls.terminationStatus == 0)
        for number in 1...load.http {
            let file = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(received)/\(number)")))
            let isSame = file == server.image.initrd
            #expect(isSame, "curl \(number) has \(file.count) bytes")
        }
        let files = firmware.wait()
        #expect(files.count == load.tftp)
        for file in files {
            let isSame = file == server.image.initrd
            #expect(isSame, "a TFTP client has \(file?.count ?? -1) bytes")
        }
    }

    /// Many curls that go on where they were when the server is back.
    private static func curls(
        _ count: Int,
        of url: String,
        to directory: String,
        _ server: FaultServer
    ) throws -> Process {
        let script = """
            for number in $(seq \(count)); do
                until curl -fsS --limit-rate 150k --speed-time 5 --max-time 60 -C - -o \(directory)/$number \(url)
                do sleep 1; done &
            done
            wait
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = FaultNetwork.commandLine(
            server.network.clientSide,
            ["timeout", "--foreground", "300", "bash", "-c", script]
        )
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// TFTP clients, a thread each.
    private final class Firmware: Sendable {
        private let group = DispatchGroup()
        private let files = Mutex<[[UInt8]?]>([])

        func start(_ client: PatientTFTPClient) {
            group.enter()
            Thread { [self] in
                let file = client.fetch(attempts: 10)
                files.withLock { $0.append(file) }
                group.leave()
            }.start()
        }

        func wait() -> [[UInt8]?] {
            group.wait()
            return files.withLock { $0 }
        }
    }

    private static func firmware(_ count: Int, of name: String, on network: FaultNetwork) -> Firmware {
        let firmware = Firmware()
        for _ in 0..<count { firmware.start(PatientTFTPClient(network: network, name: name, pause: 8000)) }
        return firmware
    }
}
