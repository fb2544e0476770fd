import Build
import Inventory
import Vocabulary

/// How the image of a profile stands: what `muster build --profile` shows.
public struct BuildStatus: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, Codable, CaseIterable { case made, building, failed }

    public var profile: String
    public var architecture: Architecture
    public var state: State
    /// What is being done, or why it failed.
    public var lines: [String]
    /// The newest release; nil before there was one.
    public var release: Int?
    public var image: Digest?
}

extension FleetService {
    /// Builds what is asked for, for as long as the service runs: beside everything else, a few at a time.
    func runBuilds() async {
        await withDiscardingTaskGroup { group in
            for await _ in authority.builds.signals {
                while let work = authority.builds.take() { group.addTask { await self.build(work) } }
            }
        }
    }

    /// One build, and the release that comes of it.
    func build(_ work: BuildDesk.Work) async {
        let desk = authority.builds
        guard isWanted(work) else { return desk.abandon(work) }
        let began = Moment.now()
        tell(.buildStarted, of: work, "is being built, \(work.cause.reason)")
        do {
            let definition = try work.definition.parsed()
            // Until the release is written nothing says that the image is needed.
            let use = try images.use()
            defer { use.end() }
            var request = BuildRequest(definition, architecture: work.target.architecture)
            request.root = work.definition.root
            // Machines boot the blobs: nobody asks for the tree that they were made of.
            request.needsRoot = false
            let image = try await builder.build(request) { [authority] event in
                desk.tell(event, of: work)
                authority.statistics.count(event)
            }
            let isWanted = isWanted(work)
            if isWanted { try await release(image, of: work) }
            desk.finish(work, failure: nil, now: .now())
            let took = Moment.now().uptime - began.uptime
            authority.statistics.buildTimes.observe(took)
            let tenths = took.milliseconds / 100
            let end = isWanted ? "" : ", and another definition was applied meanwhile"
            tell(.buildFinished, of: work, "was built in \(tenths / 10).\(tenths % 10) s: \(image.short)\(end)")
        } catch is CancellationError {
            desk.abandon(work)
        } catch {
            let reason = "\(error)"
            desk.finish(work, failure: reason, now: .now())
            tell(.buildFailed, of: work, "could not be built: \(reason)")
            logger.error("build failed", metadata: ["profile": "\(work.target.profile)", "reason": "\(reason)"])
        }
    }

    /// False once another definition was applied.
    private func isWanted(_ work: BuildDesk.Work) -> Bool {
        authority.builds.isWanted(work)
            && planner.profile(named: work.target.profile)?.definition?.key == work.definition.key
    }

    private func tell(_ kind: EventKind, of work: BuildDesk.Work, _ what: String) {
        let message = "the image of \(work.target.profile) (\(work.target.architecture)) \(what)"
        authority.write([kind.row(work.target.profile, message, at: Moment.now().wall, cause: work.cause.name)])
    }

    private func release(_ image: Digest, of work: BuildDesk.Work) async throws {
        let profile = work.target.profile
        let before = snapshot.read { $0.latestRelease(of: profile)?.number }
        let now = Moment.now().wall
        let release = try await inventory.use { store in
            try await store.release(
                profile,
                built: image,
                for: work.target.architecture,
                of: work.definition.key,
                at: now
            )
        }
        // What was missing is in the store again, whether the release is a new one or not.
        planner.invalidate()
        guard release.number != before else { return }
        let message = "\(profile) has release \(release.number)"
        authority.write([EventKind.releaseCreated.row(profile, message, at: now)])
    }

    /// Begins to build a profile's image, or says how far it is.
    ///
    /// - Parameters:
    ///   - architecture: nil for that of its machines, amd64 when they have none or several.
    ///   - isFresh: look again what its sources mean, however recently that was done.
    /// - Throws: `FleetError` for a profile that is not there, or that is not built.
    public func requestBuild(
        of name: String,
        architecture: Architecture? = nil,
        isFresh: Bool = false
    ) throws -> BuildStatus {
        try requestBuild(of: name, architecture: architecture, isFresh: isFresh, cause: .request)
    }

    func requestBuild(
        of name: String,
        architecture: Architecture?,
        isFresh: Bool,
        cause: BuildCause
    ) throws -> BuildStatus {
        guard let profile = planner.profile(named: name) else {
            throw FleetError(.notFound, "there is no profile '\(name)'")
        }
        guard let definition = profile.definition else {
            throw FleetError(.conflict, "the profile '\(name)' names an image: there is nothing to build")
        }
        let architecture = architecture ?? architectures(of: name).first ?? .amd64
        let status = authority.builds.ask(
            definition,
            architecture,
            isMade: profile.isMade(for: architecture),
            made: profile.released,
            isFresh: isFresh,
            cause: cause,
            now: .now()
        )
        var result = BuildStatus(profile: name, architecture: architecture, state: .made, lines: [])
        switch status {
        case .current, .unmade:
            result.release = profile.release
            result.image = profile.images[architecture]
        case .underWay(let lines, _): (result.state, result.lines) = (.building, lines)
        case .failed(let reason, _, _): (result.state, result.lines) = (.failed, [reason])
        }
        return result
    }

    /// What a profile's machines are known to be.
    func architectures(of profile: String) -> [Architecture] {
        let found = snapshot.read { snapshot in
            var found: Set<Architecture> = []
            for machine in snapshot.machines {
                guard let architecture = machine.architecture ?? machine.facts?.architecture else { continue }
                let identity = MachineIdentity(mac: machine.macs.first)
                let name = machine.profile ?? snapshot.profileName(of: machine, identity: identity, address: nil)
                if name == profile { found.insert(ProfilePlan.buildable(architecture)) }
            }
            return found
        }
        return found.sorted { $0.rawValue < $1.rawValue }
    }

    /// Definitions that cannot be built, and templates that cannot be filled, are refused before they are anybody's.
    static func check(_ profiles: [Profile]) throws {
        for profile in profiles {
            do {
                try SegmentTemplates.check(profile)
            } catch {
                throw FleetError(.invalidInput, "\(error)")
            }
            guard case .definitions(let paths) = profile.image else { continue }
            guard let definition = ProfileDefinition(profile) else {
                let missing = paths.filter { profile.definitions[$0] == nil }.joined(separator: ", ")
                throw FleetError(
                    .invalidInput,
                    "the profile '\(profile.name)' is built of \(missing), which was not sent: `muster apply` sends what lies "
                        + "beside its files; other programs put the text under definitions:"
                )
            }
            do {
                _ = try definition.parsed()
            } catch let error as DefinitionError {
                throw FleetError(.invalidInput, "\(error)")
            }
        }
    }
}
