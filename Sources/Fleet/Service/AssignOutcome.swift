import Inventory
import Vocabulary

/// What came of giving machines something else to boot.
public struct AssignOutcome: Hashable, Sendable {
    /// Granted what they are meant to have: they get it when they boot next.
    public var granted: [String] = []
    /// Keep what they have until a roll, or a reboot where the profile says `adopt: nextBoot`.
    public var staged: [String] = []
    /// Cannot be given anything, and why.
    public var problems: [String: String] = [:]
    /// Images without which the machines of `lacking` cannot be granted what they are meant to have, and how far they are.
    public var building: [BuildStatus] = []
    /// The same for people, a sentence each.
    public var summary: [String] = []

    /// Who is not granted what it is meant to have.
    public var lacking: [String] { (staged + problems.keys).sorted() }
}

extension FleetService {
    /// Where these machines are now: who gets what it is meant to have, and who keeps what until when.
    ///
    /// - Parameter isGranting: they are to be granted it now: who waits for an image to be built lacks it.
    public func outcome(for names: [String], granting isGranting: Bool = false) -> AssignOutcome {
        var outcome = AssignOutcome()
        var sentences: [Sentence: Int] = [:]
        for name in names {
            guard let plan = plan(of: name) else { continue }
            let state = authority.book.standing(of: name)?.state
            let sentence: Sentence
            if isGranting, let target = unbuilt(for: plan) {
                outcome.staged.append(name)
                sentence = .waits(target.profile)
            } else if let desired = plan.desired, let profile = plan.profile {
                if state?.assigned == desired {
                    outcome.granted.append(name)
                    sentence = .gets("\(profile.name)@\(desired.short)")
                } else {
                    outcome.staged.append(name)
                    let kept = state?.assigned.map { releaseName($0, preferring: profile.name) }
                    sentence = .keeps(kept ?? "what it has", profile: profile.name, adopt: profile.adopt == .nextBoot)
                }
            } else if let target = unbuilt(for: plan) {
                outcome.staged.append(name)
                sentence = .comes(target.profile)
            } else {
                let problem = plan.problem ?? "it has nothing to boot"
                outcome.problems[name] = problem
                sentence = .nothing(problem)
            }
            sentences[sentence, default: 0] += 1
        }
        outcome.summary = sentences.map { (sentence: $0, count: $1) }
            .sorted { ($1.count, $0.sentence.text(1)) < ($0.count, $1.sentence.text(1)) }
            .map { $0.sentence.text($0.count) }
        return outcome
    }

    /// An image as people know it: `web@` and the first digits of its digest, or these alone when no release has it.
    private func releaseName(_ image: Digest, preferring profile: String) -> String {
        let owner = snapshot.read { snapshot in
            func has(_ profile: String) -> Bool {
                snapshot.releases[profile]?.contains { $0.images.values.contains(image) } ?? false
            }
            return has(profile) ? profile : snapshot.releases.keys.sorted().first(where: has)
        }
        return owner.map { "\($0)@\(image.short)" } ?? image.short
    }
}

/// What is said of all machines that it is true of.
private enum Sentence: Hashable {
    case gets(String)
    case keeps(String, profile: String, adopt: Bool)
    /// For an image of this profile.
    case waits(String)
    /// The first image of this profile.
    case comes(String)
    case nothing(String)

    func text(_ count: Int) -> String {
        let isOne = count == 1
        let who = isOne ? "1 machine" : "\(count) machines"
        let nextBoot = isOne ? "it boots next" : "they boot next"
        switch self {
        case .gets(let what): return "\(who) \(isOne ? "gets" : "get") \(what) when \(nextBoot)"
        case .keeps(let what, let profile, let adopts):
            let until = adopts ? nextBoot : "`muster roll \(profile)`"
            return "\(who) \(isOne ? "keeps" : "keep") \(what) until \(until)"
        case .waits(let profile):
            return "\(who) can be granted \(profile) once it is built: assign it again then"
        case .comes(let profile):
            return "\(who) \(isOne ? "gets" : "get") \(profile) as soon as it is built"
        case .nothing(let problem): return "\(who) \(isOne ? "gets" : "get") nothing: \(problem)"
        }
    }
}
