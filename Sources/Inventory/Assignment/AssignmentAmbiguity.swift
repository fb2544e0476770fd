import Vocabulary

/// Two rules of which nobody could say which wins.
public struct AssignmentAmbiguity: Hashable, Sendable, CustomStringConvertible {
    public var first: Assignment
    public var second: Assignment
    /// A machine that both match; nil when one only might exist.
    public var machine: String?

    public var description: String {
        let whom = machine.map { "machine \($0) is" } ?? "a machine could be"
        return "\(whom) matched by '\(first.selector)' (profile \(first.profile)) and by '\(second.selector)' "
            + "(profile \(second.profile)), both with priority \(first.priority): give one a higher priority"
    }
}

extension AssignmentAmbiguity {
    /// Rules of the same specificity and priority for different profiles that one machine could match; nil when there
    /// are none.
    ///
    /// Selectors of one specificity have the same parts in the same lengths, so that everything but labels is either
    /// equal or disjoint: only rules that are equal in all of it need their labels compared.
    public static func first(in assignments: some Sequence<Assignment>) -> AssignmentAmbiguity? {
        var groups: [Group: [Set<String>: [[String: String]: Assignment]]] = [:]
        for rule in assignments {
            let keys = Set(rule.selector.labels.keys)
            let group = Group(rule)
            if let other = groups[group]?[keys]?[rule.selector.labels], other.profile != rule.profile {
                return AssignmentAmbiguity(first: other, second: rule)
            }
            for (otherKeys, others) in groups[group] ?? [:] where otherKeys != keys {
                let shared = keys.intersection(otherKeys)
                for (labels, other) in others where other.profile != rule.profile {
                    if shared.allSatisfy({ labels[$0] == rule.selector.labels[$0] }) {
                        return AssignmentAmbiguity(first: other, second: rule)
                    }
                }
            }
            groups[group, default: [:]][keys, default: [:]][rule.selector.labels] = rule
        }
        return nil
    }

    /// A tie that only a machine with several cards or addresses makes: two rules for two of its MACs, say.
    public static func first(for machine: Machine, in resolver: AssignmentResolver) -> AssignmentAmbiguity? {
        guard machine.profile == nil else { return nil }
        let matching = resolver.matching(AssignmentSubject(machine: machine))
        guard matching.count > 1, matching[0].profile != matching[1].profile,
            matching[0].priority == matching[1].priority,
            Specificity(matching[0].selector) == Specificity(matching[1].selector)
        else { return nil }
        return AssignmentAmbiguity(first: matching[0], second: matching[1], machine: machine.name)
    }

    /// All of a rule but its labels and its profile.
    private struct Group: Hashable {
        var specificity: Specificity
        var priority: Int
        var selector: Assignment.Selector

        init(_ rule: Assignment) {
            specificity = Specificity(rule.selector)
            priority = rule.priority
            selector = rule.selector
            selector.labels = [:]
        }
    }
}
