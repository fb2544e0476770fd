import NIOCore
import Vocabulary

extension HTTPBootService {
    /// How the boot plane's HTTP listens, and what it allows.
    public struct Configuration: Sendable {
        /// The addresses to listen on; `any` for all that the host has and will have.
        public var addresses: [IPv4Address] = [.any]
        /// The port for plain HTTP: 0 for any free one, nil for none.
        public var port: UInt16? = 8080
        public var tls: TLS?
        public var limits = Limits()
        /// Threads that serve connections.
        public var eventLoops = System.coreCount
        /// Scripts with a kernel that one machine may ask for in a minute before it is taken to be in a loop (and gets
        /// a screen that says so); nil for no limit.
        public var bootScriptsPerMinute: Int? = 120

        public init() {}

        /// HTTPS beside or instead of plain HTTP.
        public struct TLS: Sendable {
            public var port: UInt16
            /// Paths of PEM files: the server's certificate and those that lead to its authority, and its key.
            public var certificateChain: String
            public var privateKey: String

            public init(port: UInt16, certificateChain: String, privateKey: String) {
                self.port = port
                self.certificateChain = certificateChain
                self.privateKey = privateKey
            }
        }

        /// Every wait has an end here, and every buffer a size.
        public struct Limits: Sendable {
            /// Connections at once; one more gets a 503 that says when to come again.
            public var connections = 8192
            /// The request line and its fields, in bytes.
            public var headerBytes = 16 * 1024
            /// A request's body, which is read and dropped.
            public var bodyBytes = 64 * 1024
            /// A report's body, in bytes: the facts of a machine with many disks, many times over.
            public var reportBytes = 16 * 1024
            /// For a whole request to arrive, from the connection's start or the last answer's end.
            public var idle = Duration.seconds(60)
            /// For the authority to answer.
            public var answer = Duration.seconds(10)
            /// For a client to take some of what waits for it, or a small answer: slower ones are cut off.
            public var stall = Duration.seconds(60)
            /// For what is running, once the server is told to stop.
            public var grace = Duration.seconds(30)
            /// What one client gets of a file before the others of its event loop have their turn, in bytes.
            public var turnBytes: UInt64 = 4 * 1024 * 1024
            /// What is read into memory in one piece where the kernel cannot send by itself: under TLS.
            public var copyBytes: UInt64 = 64 * 1024
            /// Seconds after which a client that was turned away may come again.
            public var retryAfter = 5

            public init() {}
        }
    }
}
