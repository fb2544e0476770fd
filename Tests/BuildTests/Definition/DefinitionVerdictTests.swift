import Foundation
import Testing

@testable import Build

/// What can be said of a definition without its images, beside LinuxKit's verdict on each probe.
@Suite("Definitions: verdicts")
struct DefinitionVerdictTests {
    /// Refused by LinuxKit for what only the images or the runtime specification show.
    static let decidedLater: Set = [
        "kernel-binary-missing", "kernel-tar-missing", "file-source-missing", "mount-nodest", "mount-notype",
        "volume-ro-bind-rw", "uid-numstring", "volume-unknown",
    ]
    /// Where we differ on purpose.
    static let refusedByUs = [
        "service-name-with-slash": "it would be a path in the image, and containerd refuses it when the machine boots",
        "service-name-upper-space": "containerd refuses it when the machine boots",
        "file-dotdot": "it would leave the root",
    ]
    static let acceptedByUs = [
        "merge-volumes": "a volume of an earlier file is as good as one of the last"
    ]

    @Test("reading decides as LinuxKit does", arguments: Probe.all)
    func verdict(of probe: Probe) throws {
        let verdict: Bool
        var complaint = ""
        do {
            _ = try Definition(reading: probe.sources)
            verdict = true
        } catch {
            verdict = false
            complaint = "\(error)"
            #expect(error.problems.allSatisfy { $0.place.line > 0 || probe.name == "empty" }, "no place: \(error)")
        }
        if Self.refusedByUs[probe.name] != nil {
            #expect(!verdict && probe.isAccepted)
        } else if Self.acceptedByUs[probe.name] != nil {
            #expect(verdict && !probe.isAccepted)
        } else if Self.decidedLater.contains(probe.name) {
            #expect(verdict && !probe.isAccepted, "\(complaint)")
        } else {
            #expect(verdict == probe.isAccepted, "\(complaint)")
        }
    }

    @Test("there are 81 probes, 46 of them accepted")
    func count() {
        #expect(Probe.all.count == 81)
        #expect(Probe.all.filter(\.isAccepted).count == 46)
    }
}

/// One definition of one feature, with LinuxKit's verdict.
struct Probe: Sendable, CustomTestStringConvertible {
    var name: String
    var directory: URL
    var sources: [Definition.Source]
    var isAccepted: Bool

    var testDescription: String { name }

    static let directory = Bundle.module.url(forResource: "Fixtures", withExtension: nil)!
        .appending(path: "linuxkit-probes")

    static let all: [Probe] = {
        let names = try! FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0 != "images" }
            .sorted()
        return names.map { name in
            let directory = directory.appending(path: name)
            let files = try! FileManager.default.contentsOfDirectory(atPath: directory.path).filter {
                $0.hasSuffix(".yml")
            }
            let verdict = try! JSONDecoder().decode(
                [String: Bool].self,
                from: Data(contentsOf: directory.appending(path: "verdict.json"))
            )
            let sources = files.sorted().map { file in
                let text = try! String(contentsOf: directory.appending(path: file), encoding: .utf8)
                return Definition.Source(path: file, text: text)
            }
            return Probe(name: name, directory: directory, sources: sources, isAccepted: verdict["accepts"]!)
        }
    }()
}
