import Fleet
import Rollout
import Vocabulary

extension FleetControlPlane {
    /// Of rolls that are open: those that are over need nobody's eye.
    var rollMetrics: [MetricFamily] {
        get async {
            let rolls = ((try? await fleet.rolls(limit: Self.rollsLookedAt)) ?? []).filter { $0.ended == nil }
            var machines: [MetricFamily.Sample] = []
            var states: [MetricFamily.Sample] = []
            var grants: [MetricFamily.Sample] = []
            var unavailable: [MetricFamily.Sample] = []
            var budgets: [MetricFamily.Sample] = []
            for roll in rolls {
                let labels = ["rollout": "\(roll.row.id.rawValue)", "profile": roll.profile]
                grants.append(.init(Double(roll.row.grants), labels: labels))
                if let budget = roll.budget {
                    unavailable.append(.init(Double(budget.unavailable), labels: labels))
                    budgets.append(.init(Double(budget.limit), labels: labels))
                }
                for phase in RollPart.Phase.allCases {
                    let count = Double(roll.counts[phase] ?? 0)
                    machines.append(.init(count, labels: labels.merging(["phase": phase.rawValue]) { $1 }))
                }
                for state in RollState.allCases {
                    let isIn = state == RollState(roll.row)
                    states.append(.init(isIn ? 1 : 0, labels: labels.merging(["state": state.rawValue]) { $1 }))
                }
            }
            let ofRolls: [MetricFamily] = [
                MetricFamily("muster_rollout_machines", "Machines of open rolls, by phase.", .gauge, machines),
                MetricFamily("muster_rollout_state", "1 for the state that an open roll is in.", .gauge, states),
                MetricFamily("muster_rollout_grants_total", "Turns that an open roll gave.", .counter, grants),
                MetricFamily(
                    "muster_rollout_unavailable",
                    "Machines of an open roll's profile that are unavailable, for whatever reason.",
                    .gauge,
                    unavailable
                ),
                MetricFamily(
                    "muster_rollout_budget",
                    "Machines of an open roll's profile that may be unavailable at once.",
                    .gauge,
                    budgets
                ),
            ]
            return ofRolls + driverMetrics
        }
    }

    private var driverMetrics: [MetricFamily] {
        let figures = fleet.rollFigures
        return [
            MetricFamily(
                "muster_rollout_hold_seconds_total",
                "How long rolls were held, all of them together.",
                .counter,
                figures.held / .seconds(1)
            ),
            MetricFamily(
                "muster_lease_holder",
                "Whether this process has the lease to decide about rolls.",
                .gauge,
                figures.hasLease ? 1 : 0
            ),
            MetricFamily(
                "muster_rollout_decision_seconds",
                "What deciding about rolls took, one look at the whole fleet each.",
                [([:], fleet.decisionTimes)]
            ),
            MetricFamily("muster_fleet_frozen", "Whether the fleet is frozen.", .gauge, fleet.freeze == nil ? 0 : 1),
        ]
    }

    var powerMetrics: [MetricFamily] {
        let counts = fleet.powerCounts
        let actions = counts.actions.map { action, count in
            MetricFamily.Sample(
                Double(count),
                labels: [
                    "driver": action.driver, "action": action.action.rawValue,
                    "result": action.isDone ? "done" : "failed",
                ]
            )
        }
        return [
            MetricFamily("muster_power_actions_total", "Power actions, by how they ended.", .counter, actions),
            MetricFamily(
                "muster_bmc_request_seconds",
                "What requests to management controllers took until they were answered or given up.",
                counts.requests.sorted { $0.key < $1.key }.map { (["vendor": $0.key], $0.value) }
            ),
            MetricFamily(
                "muster_bmcs_resting",
                "Management controllers that are left alone for a while because they did not answer.",
                .gauge,
                counts.resting
            ),
        ]
    }

    /// There are never that many open at once.
    private static var rollsLookedAt: Int { 100 }

    private enum RollState: String, CaseIterable {
        case running, paused, held

        init(_ row: RollRow) {
            self = if case .held = row.status { .held } else { row.isPaused ? .paused : .running }
        }
    }
}
