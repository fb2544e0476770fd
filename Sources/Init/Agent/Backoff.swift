/// When to ask again a server that is away.
struct Backoff: Equatable {
    /// In milliseconds.
    private static let longest: Int64 = 30_000

    /// Not before; 0 when the last request was answered.
    private(set) var retryTime: Int64 = 0
    private var failures = 0

    /// Whether a response is one, and not that of a server which cannot answer now.
    static func isAnswer(_ response: HTTPResponse) -> Bool {
        response.status < 500 && response.status != 404 && response.status != 429
    }

    /// Whether the server will hear nothing more of this boot: the token or the boot is no longer valid.
    static func isLast(_ response: HTTPResponse) -> Bool {
        response.status == 401 || response.status == 403 || response.status == 409
    }

    mutating func failed(at now: Int64, random: UInt32) {
        retryTime = now + Self.spread(min(1000 << Int64(min(failures, 5)), Self.longest), random)
        failures += 1
    }

    mutating func succeeded() { self = Backoff() }

    /// Between nine and eleven tenths of it: machines that started together do not ask together.
    /// - Parameter random: anything.
    static func spread(_ milliseconds: Int64, _ random: UInt32) -> Int64 {
        milliseconds * (900 + Int64(random % 201)) / 1000
    }
}
