import Inventory
import Synchronization
import Vocabulary

/// Whether a controller is the one that it was: by its certificate, which is believed at first use, by the fingerprint that
/// people wrote, or not at all.
final class CertificateJudge: Sendable {
    private struct Contents {
        var refusal: String?
        var isFirst = false
    }

    private let controller: String
    private let trust: BMC.Redfish.Trust
    private let memory: BMCMemory
    private let contents = Mutex(Contents())

    init(controller: String, trust: BMC.Redfish.Trust, memory: BMCMemory) {
        self.controller = controller
        self.trust = trust
        self.memory = memory
    }

    /// Why a certificate was not believed; nil when none was refused.
    var refusal: String? { contents.withLock { $0.refusal } }
    /// The certificate was seen for the first time.
    var isFirst: Bool { contents.withLock { $0.isFirst } }

    func believes(_ certificate: Digest) -> Bool {
        switch trust {
        case .anything: return true
        case .fingerprint(let expected):
            if certificate == expected { return true }
            refuse("\(controller) shows the certificate \(certificate.hex), not \(expected.hex) that `bmc:` says")
            return false
        case .firstSeen:
            let (believed, isNew) = memory.pin(certificate, of: controller)
            if isNew { contents.withLock { $0.isFirst = true } }
            if certificate == believed { return true }
            refuse(
                "\(controller) shows another certificate (\(certificate.hex)) than it did before (\(believed.hex)), and is "
                    + "told no password. If that is right, remove \(memory.path(of: controller)) or write the new "
                    + "one as `fingerprint:` in `bmc:`"
            )
            return false
        }
    }

    private func refuse(_ reason: String) { contents.withLock { $0.refusal = reason } }
}
