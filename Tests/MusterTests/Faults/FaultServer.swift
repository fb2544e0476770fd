import Control
import Foundation
import Testing
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// `muster serve` with DHCP, TFTP, HTTP and the control plane in a namespace of its own, where it can be killed and
/// started again on the same ports and data. It serves as `nobody`.
final class FaultServer {
    /// What one image is made of; larger initrds make longer transfers, and those of size 0 can be unpacked.
    struct Image {
        var kernel: [UInt8]
        var initrd: [UInt8]

        init(initrdSize: Int, seed: UInt64) {
            var generator = SeededGenerator(state: seed)
            kernel = (0..<65_536).map { _ in UInt8.random(in: 0...255, using: &generator) }
            initrd = (0..<initrdSize).map { _ in UInt8.random(in: 0...255, using: &generator) }
            // Zeros are what a kernel takes for an archive without anything in it.
            if initrdSize == 0 { initrd = Array(repeating: 0, count: 512) }
        }
    }

    let directory: TemporaryDirectory
    let network: FaultNetwork
    let image: Image
    private let log: URL
    private let wrapper: [String]
    private var process: Process?

    var data: String { directory.path + "/data" }
    var logText: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }
    var isRunning: Bool { process?.isRunning ?? false }
    static let base = "http://\(FaultNetwork.server):8080"

    private static func yaml(data: String) -> String {
        """
        data: \(data)
        user: nobody
        interface: eth0
        dhcp:
          mode: server
          probe: false
          subnets:
            - { network: 10.77.0.0/16, range: 10.77.1.0-10.77.250.255, leaseTime: 1h }
            - { network: \(FaultNetwork.behind), range: 10.78.1.0-10.78.250.255, leaseTime: 1h }
        control: { listen: "127.0.0.1:8081" }
        health: { settle: 1s }
        debian: { mirror: "file:///nowhere" }
        """
    }

    /// Starts it with one machine, `n1`, described: that of the clients' network card.
    ///
    /// - Parameters:
    ///   - hasStranger: whether its network has a third host.
    ///   - profile: more keys of the machine's profile.
    ///   - wrapper: a program, with its arguments, that starts the server.
    ///   - prepare: works on the data directory before anything is in it.
    init(
        initrdSize: Int = 100_000,
        hasStranger: Bool = false,
        profile: String = "health: fetched",
        under wrapper: [String] = [],
        prepare: (_ data: String) throws -> Void = { _ in }
    ) throws {
        self.wrapper = wrapper
        directory = try TemporaryDirectory()
        network = try FaultNetwork(hasStranger: hasStranger)
        image = Image(initrdSize: initrdSize, seed: 2)
        log = try directory.file("log")
        try directory.file("muster.yml", Self.yaml(data: directory.path + "/data"))
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        try prepare(data)
        for (name, bytes) in [("kernel", image.kernel), ("initrd", image.initrd)] {
            try Data(bytes).write(to: URL(fileURLWithPath: directory.path + "/" + name))
        }
        try muster(
            ["image", "import", "--name", "web", "--arch", "amd64"]
                + ["--kernel", directory.path + "/kernel", "--initrd", directory.path + "/initrd"]
        )
        try start()
        try apply(
            """
            kind: Profile
            name: web
            image: web
            \(profile)
            ---
            kind: Machine
            name: n1
            macs: ["\(FaultNetwork.clientMAC)"]
            profile: web
            """
        )
    }

    deinit { kill() }

    /// Starts it and waits until it answers.
    func start() throws {
        let before = logText.utf8.count
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = FaultNetwork.commandLine(
            network.serverSide,
            wrapper + [try ExecutableUnderTest.path, "serve", "--config", directory.path + "/muster.yml"]
        )
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let handle = try FileHandle(forWritingTo: log)
        try handle.seekToEnd()
        process.standardError = handle
        try process.run()
        self.process = process
        try eventually("the server listens") {
            guard process.isRunning else { return true }
            let said = String(decoding: logText.utf8.dropFirst(before), as: UTF8.self)
            let listens = said.split(separator: "\n").filter { $0.contains("control plane listens") }
            return listens.contains { $0.contains("socket=") } && listens.contains { $0.contains("url=") }
                && said.contains("boot plane listening")
        }
        try #require(process.isRunning, "the server ended: \(logText)")
    }

    /// `kill -9`, and its end.
    func kill() {
        guard let process else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    /// Its process, to be killed from another thread.
    var identifier: pid_t { process?.processIdentifier ?? 0 }

    // MARK: What people do

    @discardableResult
    func muster(_ arguments: [String], mustSucceed: Bool = true) throws -> ExecutableUnderTest.Result {
        let result = try ExecutableUnderTest.run(arguments + ["--data", data])
        if mustSucceed { try #require(result.status == 0, "muster \(arguments): \(result.errors)") }
        return result
    }

    func apply(_ resources: String) throws {
        let file = try directory.file("resources.yml", resources)
        try muster(["apply", "-f", file.path])
    }

    func readiness() throws -> Readiness {
        let answer = try control("/readyz")
        return try ControlJSON.decoder.decode(Readiness.self, from: Data(answer.output.utf8))
    }

    /// A value of `/metrics`, 0 when it is not there.
    func metric(_ name: String) throws -> Int {
        let lines = try control("/metrics").output.split(separator: "\n")
        let line = lines.first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.dropFirst(name.count + 1)) }.map { Int($0) } ?? 0
    }

    private func control(_ path: String) throws -> Finished {
        try FaultNetwork.inside(
            network.serverSide,
            ["curl", "-sS", "--max-time", "20", "http://127.0.0.1:8081" + path]
        )
    }

    /// Waits until a check of the readiness has failed (or not) with a message that has `words` in it.
    @discardableResult
    func waitForCheck(_ name: String, isReady: Bool, saying words: String = "") throws -> String {
        var last = ""
        try eventually("\(name) is \(isReady ? "" : "not ") ready: '\(words)'") {
            guard let check = try? readiness().checks.first(where: { $0.name == name }) else { return false }
            last = check.message
            return check.isReady == isReady && (words.isEmpty || check.message.contains(words))
        }
        return last
    }

    // MARK: What machines do

    /// The script that `n1` gets.
    func script() throws -> String {
        try network.curl("\(Self.base)/boot.ipxe?mac=\(FaultNetwork.clientMAC.hyphenated)&arch=x86_64").output
    }

    /// Asks for the script of `n1` and fetches the kernel and the initrd that it names.
    func boot(_ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let script = try script()
        let urls = script.split(whereSeparator: { $0 == " " || $0 == "\n" }).filter { $0.contains("/images/") }
        for (part, bytes) in [("kernel", image.kernel), ("initrd", image.initrd)] {
            guard let url = urls.first(where: { $0.contains("/\(part)?boot=") }) else {
                Issue.record("no \(part): \(comment.map { "\($0)" } ?? "") \(script)", sourceLocation: sourceLocation)
                continue
            }
            let file = directory.path + "/fetched"
            try network.curl("-f", "-o", file, String(url)).succeeded()
            let isSame = try [UInt8](Data(contentsOf: URL(fileURLWithPath: file))) == bytes
            #expect(isSame, comment, sourceLocation: sourceLocation)
        }
    }

    /// Looks again and again, for as long as a busy host may need.
    func eventually(_ what: String, _ condition: () throws -> Bool) throws {
        let end = Date(timeIntervalSinceNow: 90)
        while try !condition() {
            try #require(Date() < end, "\(what) does not come: \(logText)")
            usleep(20_000)
        }
    }
}

/// Numbers that look random and are the same in each run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Long runs are asked for by the environment.
let isLongRun = ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1"
