import Vocabulary

/// Why a machine gets the profile that it gets, for `muster why`.
public struct AssignmentExplanation: Hashable, Sendable {
    public struct Candidate: Hashable, Sendable {
        /// nil for the machine's own profile.
        public var assignment: Assignment?
        public var profile: String
        public var wins: Bool
        /// Why it won or lost, in words.
        public var reason: String
    }

    /// The winner first; empty when nothing matches.
    public var candidates: [Candidate]
    public var profile: String? { candidates.first?.profile }
}

extension AssignmentResolver {
    /// - Parameter ownProfile: the profile that the machine's description names.
    public func explain(_ subject: AssignmentSubject, ownProfile: String?) -> AssignmentExplanation {
        let matching = matching(subject)
        var candidates: [AssignmentExplanation.Candidate] = []
        if let ownProfile {
            candidates.append(
                .init(assignment: nil, profile: ownProfile, wins: true, reason: "the machine's own profile")
            )
        }
        for (index, rule) in matching.enumerated() {
            let wins = index == 0 && ownProfile == nil
            let reason: String
            if ownProfile != nil {
                reason = "the machine has a profile of its own"
            } else if wins {
                reason = matching.count == 1 ? "the only rule that matches" : "the most specific rule that matches"
            } else {
                reason = Self.reason(for: rule, losingTo: matching[0])
            }
            candidates.append(.init(assignment: rule, profile: rule.profile, wins: wins, reason: reason))
        }
        return AssignmentExplanation(candidates: candidates)
    }

    private static func reason(for rule: Assignment, losingTo winner: Assignment) -> String {
        if Specificity(rule.selector) < Specificity(winner.selector) {
            return "less specific than '\(winner.selector)'"
        }
        if rule.priority < winner.priority {
            return "as specific as '\(winner.selector)', but priority \(rule.priority) is below \(winner.priority)"
        }
        return "equal to '\(winner.selector)' in everything; give one of them a higher priority"
    }
}
