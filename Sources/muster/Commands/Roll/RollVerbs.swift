import ArgumentParser
import Control
import Rollout
import Vocabulary

/// A command that tells a roll something.
protocol RollVerb: ChangingCommand {
    static var command: RollCommand { get }
    var chosen: ChosenRoll { get }
}

extension RollVerb {
    func run(_ client: ControlClient) async throws {
        let roll = try await chosen.find(client, amongPast: false)
        let path = "/v1/rollouts/\(roll.id)/\(Self.command.rawValue)"
        let after: RolloutView = try await client.post(path)
        if chosen.watch { return try await RollWatch(client: client, asJSON: common.json).follow(after) }
        if common.json { return try Terminal.print(json: after) }
        Terminal.print(RollText.lines(of: after, at: Moment.now().wall).joined(separator: "\n"))
    }
}

extension Roll {
    struct Pause: RollVerb {
        static let configuration = CommandConfiguration(
            abstract: "No new turns; machines that have theirs go on."
        )
        static let command = RollCommand.pause
        @OptionGroup var chosen: ChosenRoll
        @OptionGroup var change: ChangeOptions
        @OptionGroup var common: CommonOptions
    }

    struct Resume: RollVerb {
        static let configuration = CommandConfiguration(
            abstract: "Go on after a pause or a hold; failures so far are forgiven, gates are asked again."
        )
        static let command = RollCommand.resume
        @OptionGroup var chosen: ChosenRoll
        @OptionGroup var change: ChangeOptions
        @OptionGroup var common: CommonOptions
    }

    struct Promote: RollVerb {
        static let configuration = CommandConfiguration(
            abstract: "End the stage's bake now and go past its gates."
        )
        static let command = RollCommand.promote
        @OptionGroup var chosen: ChosenRoll
        @OptionGroup var change: ChangeOptions
        @OptionGroup var common: CommonOptions
    }

    struct Retry: RollVerb {
        static let configuration = CommandConfiguration(
            abstract: "Give those that failed, or proved nothing as canaries, another turn."
        )
        static let command = RollCommand.retry
        @OptionGroup var chosen: ChosenRoll
        @OptionGroup var change: ChangeOptions
        @OptionGroup var common: CommonOptions
    }

    struct Abort: RollVerb {
        static let configuration = CommandConfiguration(
            abstract: "No more turns: who is not on the new image keeps the old one, and is meant to have it."
        )
        static let command = RollCommand.abort
        @OptionGroup var chosen: ChosenRoll
        @OptionGroup var change: ChangeOptions
        @OptionGroup var common: CommonOptions
    }

    struct Rollback: RollVerb {
        static let configuration = CommandConfiguration(
            abstract: "Take everybody back, newest first, under the same budgets."
        )
        static let command = RollCommand.rollback
        @OptionGroup var chosen: ChosenRoll
        @OptionGroup var change: ChangeOptions
        @OptionGroup var common: CommonOptions
    }
}
