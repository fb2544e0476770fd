import Rollout

/// Rolls, and what they may do at all.
extension ControlRoutes {
    var rolls: [Route] {
        [
            .get("/v1/rollouts", "Rolls, the newest first.") { _ in try await plane.rollouts() },
            .get("/v1/rollouts/{id}", "A roll with its machines.") { call in try await plane.rollout(call.roll) },
            .ask("/v1/plan", "What a roll would do.", takes: RolloutRequest.self) { _, ask in
                try await plane.plan(ask)
            },
            .post("/v1/rollouts", "Begin a roll.", takes: RolloutRequest.self) { _, ask in
                try await plane.roll(ask)
            },
            tell(.pause, "No new turns; machines that have theirs go on."),
            tell(.resume, "Go on after a pause or a hold."),
            tell(.promote, "End the stage's bake now and go past its gates."),
            tell(.retry, "Give those that failed another turn."),
            tell(.abort, "No more turns: who is not on the new image keeps the old one."),
            tell(.rollback, "Take everybody back, newest first."),
            .get("/v1/freeze", "Whether the fleet is frozen.") { _ in try await plane.freeze() },
            .post("/v1/freeze", "No grants and no power actions from now on.", takes: FreezeRequest.self) { _, ask in
                try await plane.freeze(ask)
            },
            .change(.delete, "/v1/freeze", "Go on.") { _ in try await plane.thaw() },
        ]
    }

    private func tell(_ command: RollCommand, _ summary: String) -> Route {
        .change(.post, "/v1/rollouts/{id}/\(command.rawValue)", summary) { call in
            try await plane.perform(command, onRollout: call.roll)
        }
    }
}

extension Call {
    /// The number in the path.
    fileprivate var roll: Int {
        get throws {
            let text = try parameter("id")
            guard let id = Int(text) else {
                throw ControlError(.invalid, "found '\(text)', expected a roll's number")
            }
            return id
        }
    }
}
