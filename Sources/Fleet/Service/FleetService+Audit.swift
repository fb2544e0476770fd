import Inventory
import Logging
import Vocabulary

extension FleetService {
    /// Writes into the ledger who changed something: after it was done, or was not. Returns when that is on the disk.
    ///
    /// - Parameter reason: what for, in the words of who did it.
    public func recordWrite(by who: String, _ sentence: String, reason: String?) async {
        await keep(EventKind.auditWrite.row(who, sentence, at: Moment.now().wall, cause: reason))
        var metadata: Logger.Metadata = ["who": "\(who)", "what": "\(sentence)"]
        if let reason { metadata["reason"] = "\(reason)" }
        logger.notice("write", metadata: metadata)
    }

    /// Writes into the ledger that a caller of the API was turned away; the same caller once in a while.
    public func recordRefusal(of who: String, _ sentence: String) async {
        guard authority.throttle.allows("access \(who)", now: .now()) else { return }
        await keep(EventKind.accessRefused.row(who, sentence, at: Moment.now().wall))
        logger.warning("access refused", metadata: ["who": "\(who)", "what": "\(sentence)"])
    }

    private func keep(_ row: LedgerRow) async {
        do {
            try await ledger.commit([row])
        } catch {
            logger.error("a line of the audit is in this log alone", metadata: ["reason": "\(error)"])
        }
    }
}
