import Build
import Foundation
import Testing
import Vocabulary

@testable import muster

/// A lab that was brought up with `muster lab up`, seen as its user sees it: consoles, and what `muster get` says.
struct RunningLab: Sendable {
    let data: String
    let firmware: LabFirmware

    /// A boot as `muster get boots -o json` prints it.
    struct Boot: Decodable, Sendable {
        struct Step: Decodable, Sendable { var stage: String }
        var id: String
        var machine: String
        var mac: String
        var image: String
        var state: String
        var timeline: [Step]
    }

    /// Brings a lab up, calls `body`, and takes it down whatever happens; then nothing of it may be left.
    ///
    /// - Parameters:
    ///   - arguments: more for `muster lab up`.
    ///   - loaders: the operator's own, by name: files that are copied.
    ///   - images: for definitions to name.
    ///   - whileStarting: is called with the lab's process when its network is there and its machines are not on yet.
    static func with(
        _ firmware: LabFirmware,
        arguments: [String] = [],
        loaders: [String: String] = [:],
        images: LabHost.Images? = nil,
        whileStarting: @escaping @Sendable (RunningLab, Int32) async throws -> Void = { _, _ in },
        body: (RunningLab) async throws -> Void
    ) async throws {
        let missing = await LabRequirements.missing(for: firmware)
        try #require(missing.isEmpty, "end-to-end tests need a host that can make a lab")
        await LabHost.shared.takeTurn()
        let result = await Swift.Result { try await inTurn(firmware, arguments, loaders, images, whileStarting, body) }
        await LabHost.shared.giveTurn()
        try result.get()
    }

    private static func inTurn(
        _ firmware: LabFirmware,
        _ arguments: [String],
        _ loaders: [String: String],
        _ images: LabHost.Images?,
        _ whileStarting: @escaping @Sendable (RunningLab, Int32) async throws -> Void,
        _ body: (RunningLab) async throws -> Void
    ) async throws {
        let lab = RunningLab(data: try await LabHost.shared.dataDirectory(for: firmware), firmware: firmware)
        defer { try? FileManager.default.removeItem(atPath: lab.data) }
        if let images { try await LabHost.shared.put(images, into: lab.data) }
        let own = lab.data + "/lab/loaders"
        try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
        for (name, file) in loaders { try FileManager.default.copyItem(atPath: file, toPath: "\(own)/\(name)") }
        let result = await Swift.Result {
            async let starting: Void = lab.waitForNetwork(then: whileStarting)
            try await lab.muster(["lab", "up", "--firmware", firmware.rawValue] + arguments)
            try await starting
            try await body(lab)
        }
        if case .failure = result { lab.report() }
        try await lab.muster(["lab", "down"])
        try result.get()
        let leftovers = try lab.leftovers()
        #expect(leftovers == [], "processes of the lab that outlived it")
    }

    @discardableResult
    func muster(_ arguments: [String]) async throws -> String {
        let inLab = arguments.first == "lab" ? data : data + "/lab"
        return try await HostProgram.run(LabHost.executable, arguments + ["--data", inLab])
    }

    /// Waits for the line by which machine `number` says that it is up.
    func marker(of number: Int = 1, within limit: Duration = .seconds(120)) async throws -> ConsoleScanner.Marker {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        var scanner = ConsoleScanner()
        var offset = 0
        while clock.now < deadline {
            let bytes = FileManager.default.contents(atPath: console(of: number)) ?? Data()
            if let marker = scanner.scan(bytes.dropFirst(offset)).first { return marker }
            offset = bytes.count
            try await Task.sleep(for: .milliseconds(50))
        }
        throw LabError(
            "no system on machine \(number) after \(limit); its console ends with:\n\(consoleEnd(of: number))"
        )
    }

    /// The boots that the server knows, with their timelines.
    func boots() async throws -> [Boot] {
        try JSONDecoder().decode([Boot].self, from: Data(try await muster(["get", "boots", "-o", "json"]).utf8))
    }

    /// Where the archives of `LabHost.Images` are.
    var images: String { data + "/images" }
    /// The lab's own process, whose network namespace everything is in.
    var process: Int32 {
        get throws { try #require(try LabState.running(in: data + "/lab")).process }
    }

    /// What machine `number` has shown since it was switched on.
    func screen(of number: Int) -> String {
        String(decoding: FileManager.default.contents(atPath: console(of: number)) ?? Data(), as: UTF8.self)
    }

    func console(of number: Int) -> String { "\(data)/lab/machines/lab-\(number)/console.log" }

    func consoleEnd(of number: Int) -> String {
        screen(of: number).split(whereSeparator: \.isNewline).suffix(12).map { Table.printable(String($0)) }.joined(
            separator: "\n"
        )
    }

    private func waitForNetwork(then body: @Sendable (RunningLab, Int32) async throws -> Void) async throws {
        let clock = ContinuousClock()
        // Before it, the images that the machines are to run are made.
        let deadline = clock.now + .seconds(300)
        while clock.now < deadline {
            if let process = (try? LabState.running(in: data + "/lab"))?.process,
                let links = try? await HostProgram.run(
                    "nsenter",
                    ["--net", "--target", "\(process)", "ip", "-br", "link"]
                ),
                links.contains(LabNetwork.bridge)
            {
                return try await body(self, process)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw LabError("the lab's network did not appear")
    }

    /// Command lines of processes that name this lab's directory.
    func leftovers() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }.compactMap { process in
            guard let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else { return nil }
            let text = String(decoding: line.map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
            return text.contains(data) ? text : nil
        }
    }

    /// Prints what helps to understand a failure.
    private func report() {
        for file in ["lab/server.log", "lab/lab.log"] {
            let text = String(
                decoding: FileManager.default.contents(atPath: "\(data)/\(file)") ?? Data(),
                as: UTF8.self
            )
            print("--- \(file)", text.split(separator: "\n").suffix(40).joined(separator: "\n"), separator: "\n")
        }
        for number in 1...RollFleet.size where FileManager.default.fileExists(atPath: console(of: number)) {
            print("--- console of lab-\(number)", consoleEnd(of: number), separator: "\n")
        }
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
