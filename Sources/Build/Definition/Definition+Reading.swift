import Foundation
import StrictYAML

extension Definition {
    /// A file's text and the name by which it is complained about. `source:` paths are relative to the working directory
    /// of whoever builds, as in LinuxKit.
    public struct Source: Hashable, Sendable {
        public var path: String
        public var text: String

        public init(path: String, text: String) {
            self.path = path
            self.text = text
        }
    }

    /// The longest definition that is read, in bytes: contents of files stand in it.
    private static let longest = 16 << 20

    /// Reads one file or several, and merges them in their order.
    ///
    /// - Throws: `DefinitionError` with everything that is wrong.
    public init(reading sources: [Source], variables: Variables = Variables()) throws(DefinitionError) {
        var merged = Definition()
        var problems: [YAMLProblem] = []
        for source in sources {
            let log = ProblemLog(path: source.path)
            if source.text.utf8.count > Self.longest {
                log.add("found \(source.text.utf8.count) bytes, expected at most \(Self.longest)", line: 0, column: 0)
            } else if let definition = DefinitionReader(log: log, variables: variables).definition(source.text) {
                merged.append(definition)
            }
            problems += log.problems
        }
        if problems.isEmpty { problems = merged.contradictions }
        guard problems.isEmpty else { throw DefinitionError(problems: problems) }
        self = merged
    }

    /// The same, from files; `-` is the standard input.
    public init(files paths: [String], variables: Variables = Variables()) throws {
        let sources = try paths.map { path in
            let data: Data
            do {
                let file =
                    path == "-"
                    ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
                data = try file.read(upToCount: Self.longest + 1) ?? Data()
            } catch {
                throw BuildError(.notFound, "cannot read the definition \(path): \(error.localizedDescription)")
            }
            guard let text = String(validating: data, as: UTF8.self) else {
                throw BuildError(.invalidInput, "\(path): found bytes that are no UTF-8, expected YAML text")
            }
            return Source(path: path == "-" ? "standard input" : path, text: text)
        }
        try self.init(reading: sources, variables: variables)
    }

    /// Fields of the kernel that `other` has win; lists follow one another.
    private mutating func append(_ other: Definition) {
        if let theirs = other.kernel {
            var kernel = kernel ?? theirs
            kernel.image = theirs.image ?? kernel.image
            kernel.commandLine = theirs.commandLine.nonEmpty ?? kernel.commandLine
            kernel.binary = theirs.binary.nonEmpty ?? kernel.binary
            kernel.tar = theirs.tar ?? kernel.tar
            kernel.microcode = theirs.microcode ?? kernel.microcode
            self.kernel = kernel
        }
        initImages += other.initImages
        volumes += other.volumes
        onboot += other.onboot
        onshutdown += other.onshutdown
        services += other.services
        files += other.files
        initrdCompression = other.initrdCompression ?? initrdCompression
    }

    /// What is right in each place and wrong together.
    private var contradictions: [YAMLProblem] {
        var problems: [YAMLProblem] = []
        func add(_ message: String, at place: SourcePlace) { problems.append(YAMLProblem(message, at: place)) }
        var services: [String: SourcePlace] = [:]
        for service in self.services {
            if let first = services[service.name] {
                add(
                    "found a second service '\(service.name)', expected names that differ; the first is at \(first)",
                    at: service.place
                )
            }
            services[service.name] = services[service.name] ?? service.place
        }
        for service in self.services {
            for name in service.settings.supervision?.after ?? [] where services[name] == nil {
                add(
                    "found '\(name)' below 'after' of \(service.name), expected the name of a service",
                    at: service.place
                )
            }
            if waitsForItself(service) {
                add(
                    "found that the service \(service.name) waits for itself, expected an order without circles",
                    at: service.place
                )
            }
        }
        var volumes: [String: SourcePlace] = [:]
        for volume in self.volumes {
            if let first = volumes[volume.name] {
                add(
                    "found a second volume '\(volume.name)', expected names that differ; the first is at \(first)",
                    at: volume.place
                )
            }
            volumes[volume.name] = volumes[volume.name] ?? volume.place
        }
        let identifiers = self.identifiers
        for file in files {
            for case .entry(let name)? in [file.owner, file.group] where identifiers[name] == nil {
                add(
                    "found '\(name)' as owner of \(file.path), expected a number or the name of a container",
                    at: file.place
                )
            }
        }
        return problems
    }

    private func waitsForItself(_ service: ContainerEntry) -> Bool {
        var seen: Set<String> = []
        var next = service.settings.supervision?.after ?? []
        while let name = next.popLast() {
            if name == service.name { return true }
            guard seen.insert(name).inserted else { continue }
            next += services.filter { $0.name == name }.flatMap { $0.settings.supervision?.after ?? [] }
        }
        return false
    }

    /// The user and group that each container's name stands for: numbers from 100 in the order of onboot, onshutdown and
    /// services; of containers with the same name the last one counts.
    public var identifiers: [String: UInt32] {
        var identifiers: [String: UInt32] = [:]
        for (index, entry) in (onboot + onshutdown + services).enumerated() {
            identifiers[entry.name] = 100 + UInt32(index)
        }
        return identifiers
    }
}

extension String? {
    fileprivate var nonEmpty: String? { self?.isEmpty == true ? nil : self }
}

/// Everything that is wrong with a definition, or with an image's label.
public struct DefinitionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// At least one.
    public var problems: [YAMLProblem]

    public init(problems: [YAMLProblem]) { self.problems = problems }

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
