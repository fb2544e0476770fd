import Foundation
import Testing

@testable import muster

/// Looks five times a second how many machines are unavailable, as the API has it.
struct AvailabilitySampler: Sendable {
    struct Seen: Sendable {
        var samples = 0
        /// The most machines that were not healthy in one sample, and which.
        var most: [String] = []
        /// Everyone who was unavailable in some sample.
        var ever: Set<String> = []
    }

    let lab: RunningLab

    private struct Machine: Decodable {
        struct Boot: Decodable { var state: String }
        var name: String
        var boot: Boot?
    }

    private static let interval = Duration.milliseconds(200)

    /// Samples for as long as `body` takes. While no server answers there is no sample.
    func sampling<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> (value: Value, seen: Seen) {
        let sampling = Task { try await sample() }
        let result = await Swift.Result { try await body() }
        sampling.cancel()
        let seen = try await sampling.value
        return (try result.get(), seen)
    }

    private func sample() async throws -> Seen {
        var seen = Seen()
        try await ControlClient.with(socket: lab.data + "/lab/muster.sock") { client in
            while !Task.isCancelled {
                if let machines = try? await client.get("/v1/machines", as: [Machine].self) {
                    let away = machines.filter { $0.boot?.state != "healthy" }.map(\.name)
                    seen.samples += 1
                    if away.count > seen.most.count { seen.most = away }
                    seen.ever.formUnion(away)
                }
                try? await Task.sleep(for: Self.interval)
            }
        }
        return seen
    }
}
