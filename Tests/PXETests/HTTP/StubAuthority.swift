import Foundation
import Glibc
import PXE
import Synchronization
import Vocabulary

/// An authority that says what it was told to say and remembers what it was told.
final class StubAuthority: BootAuthority {
    private struct State {
        var contents: [ResourceName: Content] = [:]
        var observations: [Observation] = []
        var requests: [BootRequest] = []
        var answer: @Sendable (BootRequest) -> BootAnswer? = { _ in .pause(Pause(lines: ["stub"], seconds: 5)) }
        var answersLater = false
        var unanswered: [@Sendable (BootAnswer) -> Void] = []
        var calls: [MachineCall] = []
        var callAnswer: MachineCallAnswer? = MachineCallAnswer.closed
        var unansweredCalls: [@Sendable (MachineCallAnswer) -> Void] = []
    }

    private let state = Mutex(State())

    var observations: [Observation] { state.withLock(\.observations) }
    var requests: [BootRequest] { state.withLock(\.requests) }
    var transfers: [Transfer] {
        observations.compactMap { if case .transferred(let transfer) = $0 { transfer } else { nil } }
    }

    func serve(_ content: Content, as name: ResourceName) { state.withLock { $0.contents[name] = content } }

    /// The replies of requests that got no answer, the oldest first.
    var unanswered: [@Sendable (BootAnswer) -> Void] { state.withLock(\.unanswered) }

    /// - Parameter answer: nil answers only when a test takes the reply from `unanswered`.
    func answer(later: Bool = false, with answer: @escaping @Sendable (BootRequest) -> BootAnswer?) {
        state.withLock {
            $0.answer = answer
            $0.answersLater = later
        }
    }

    func host(for identity: MachineIdentity) -> PXE.Host? { nil }

    func answer(_ request: BootRequest, reply: @escaping @Sendable (BootAnswer) -> Void) {
        let (answer, later) = state.withLock { state in
            state.requests.append(request)
            return (state.answer(request), state.answersLater)
        }
        guard let answer else { return state.withLock { $0.unanswered.append(reply) } }
        if later {
            DispatchQueue.global().async { reply(answer) }
        } else {
            reply(answer)
        }
    }

    var calls: [MachineCall] { state.withLock(\.calls) }

    /// The replies of calls that got no answer, the oldest first.
    var unansweredCalls: [@Sendable (MachineCallAnswer) -> Void] { state.withLock(\.unansweredCalls) }

    /// - Parameter answer: nil answers only when a test takes the reply from `unansweredCalls`.
    func answerCalls(with answer: MachineCallAnswer?) { state.withLock { $0.callAnswer = answer } }

    func answer(_ call: MachineCall, reply: @escaping @Sendable (MachineCallAnswer) -> Void) {
        let answer = state.withLock { state in
            state.calls.append(call)
            if state.callAnswer == nil { state.unansweredCalls.append(reply) }
            return state.callAnswer
        }
        guard let answer else { return }
        DispatchQueue.global().async { reply(answer) }
    }

    func reservation(of address: IPv4Address) -> MACAddress? { nil }
    func content(_ name: ResourceName) -> Content? { state.withLock { $0.contents[name] } }
    func metadata(_ item: MetadataItem, for peer: IPv4Address) -> Content? { content(.metadata(item)) }
    func observe(_ observation: Observation) { state.withLock { $0.observations.append(observation) } }
}

extension Content {
    /// A file of `count` bytes whose bytes depend on where they are, deleted at once and kept by its descriptor.
    static func file(
        count: Int,
        digest: Digest? = .sample,
        mediaType: String = "application/octet-stream",
        isImmutable: Bool = true
    ) throws -> Content {
        let file = try deletedFile { try pattern(0..<count).write(to: $0) }
        return Content(
            pieces: [.file(file, range: 0..<UInt64(count))],
            digest: digest,
            mediaType: mediaType,
            isImmutable: isImmutable
        )
    }

    /// A file of `count` zeros, which costs nothing to make.
    static func zeros(count: Int) throws -> Content {
        let file = try deletedFile { url in
            try Data().write(to: url)
            guard truncate(url.path, count) == 0 else { throw SystemError("truncate", url.path) }
        }
        return Content(
            pieces: [.file(file, range: 0..<UInt64(count))],
            digest: nil,
            mediaType: MediaType.octets,
            isImmutable: true
        )
    }

    private static func deletedFile(_ write: (URL) throws -> Void) throws -> OpenFile {
        let url = FileManager.default.temporaryDirectory.appending(path: "muster-http-\(UUID())")
        try write(url)
        defer { try? FileManager.default.removeItem(at: url) }
        return try OpenFile(path: url.path)
    }

    static func pattern(_ range: Range<Int>) -> Data {
        var bytes = [UInt8](repeating: 0, count: range.count)
        for index in range { bytes[index - range.lowerBound] = UInt8(truncatingIfNeeded: index &* 31 &+ index >> 8) }
        return Data(bytes)
    }
}

extension Digest {
    static let sample = Digest(octets: [UInt8](repeating: 0xcd, count: 32))!
}
