/// What came of a simulation, so far or in the end.
public struct SimulationReport: Codable, Sendable {
    public struct Times: Codable, Sendable {
        public var count: Int
        /// Milliseconds: half of them, 99 of a hundred, and the longest took at most so long.
        public var p50: Double
        public var p99: Double
        public var max: Double
        public var mean: Double
    }

    public struct Counts: Codable, Sendable {
        public var machines = 0
        /// Boots that began.
        public var boots = 0
        /// Boots that ended before their machine was healthy, without being meant to.
        public var failures = 0
        public var lastFailure: String?
        /// Boots that died because they were meant to: flaky ones and bad images.
        public var deaths = 0
        /// Machines whose NIC hears nothing.
        public var deadNICs = 0
        /// Sent again because nothing had come in time.
        public var dhcpRetransmits = 0
        public var tftpRetransmits = 0
        public var httpRetries = 0
        /// Scripts that told a machine to wait and to ask again.
        public var waits = 0
        public var wrongDigests = 0
        public var orders = 0
        public var bytesSent = 0
        public var bytesReceived = 0
    }

    public var counts: Counts
    public var phases: [Phase: Times] = [:]
    public var standings: [String: Int] = [:]
    /// Machines that are healthy now.
    public var healthy = 0
    /// Since the first power-on.
    public var seconds = 0.0
    /// From the first power-on to the last machine's health.
    public var secondsToHealthy = 0.0
    /// From the last power-on to the last machine's health.
    public var secondsAfterLastPowerOn = 0.0
    /// User and system time of the simulator itself.
    public var processorSeconds = 0.0
    /// Of the simulator itself, at its most.
    public var residentMebibytes = 0

    /// Machines that should be healthy and are not.
    public var lost: Int { counts.machines - counts.deadNICs - healthy }

    init(counts: Counts) { self.counts = counts }
}
