import Testing

@testable import muster

/// A machine whose image cannot be built, and its owner, who repairs the YAML.
@Suite("A build that fails")
struct FailedBuildTests {
    @Test("is on the screen and in why, is tried again with growing pauses, and repaired the machine boots by itself")
    func failed() async throws {
        try await RunningLab.with(.bios, arguments: ["--machines", "0"], images: .site) { lab in
            var site = Site(start: "127.0.0.1:1/init:1", machines: [1])
            try await site.apply(to: lab)
            let machine = try await LabMachine(1, in: lab)
            site.start = Site(machines: []).start
            let repaired = site
            let boot = try await machine.whileOn {
                try await lab.screen(of: 1, says: "It was tried once, and is again in ")
                let why = try await lab.why("lab-1")
                #expect(why.contains("127.0.0.1:1: nobody listens"), "\(why)")
                #expect(why.contains("could not be built"), "\(why)")
                try await lab.screen(of: 1, says: "It was tried 2 times, and is again in ")
                let screen = lab.screen(of: 1)
                #expect(screen.contains("The image of the profile site (amd64) could not be built:"))
                #expect(screen.contains("127.0.0.1:1: nobody listens"))
                let pauses = Self.pauses(on: screen)
                #expect((pauses.first ?? 0) <= 6 && (pauses.max() ?? 0) > 6, "\(pauses)")
                #expect(try await lab.boots().isEmpty, "waiting is no boot")

                try await repaired.apply(to: lab)
                let marker = try await lab.marker()
                return try await lab.boot(marker.boot, in: "healthy")
            }
            #expect(try await lab.boots().map(\.id) == [boot.id])
            #expect(try await lab.count(of: "build.failed", "site") >= 2)
            #expect(try await !lab.why("lab-1").contains("could not be built"))
        }
    }

    /// The seconds in "is again in N s", in the order in which they were shown.
    private static func pauses(on screen: String) -> [Int] {
        screen.components(separatedBy: "is again in ").dropFirst().compactMap { Int($0.prefix(while: \.isNumber)) }
    }
}
