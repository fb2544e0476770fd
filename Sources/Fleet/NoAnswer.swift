import AsyncHTTPClient
import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Why somebody who was asked over the network gave no answer, in a few words.
enum NoAnswer {
    static func words(_ error: any Error, after limit: Duration) -> String {
        switch error {
        case let error as HTTPClientError where error == .deadlineExceeded || error == .connectTimeout:
            return "no answer within \(limit.words)"
        case ChannelError.connectTimeout: return "no answer within \(limit.words)"
        case let error as NIOConnectionError:
            guard let failure = error.connectionErrors.first?.error else {
                return "nobody knows where \(error.host) is"
            }
            return words(failure, after: limit)
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        default: return "\(error)"
        }
    }
}
