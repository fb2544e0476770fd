import PXE
import Rollout
import Vocabulary

/// The screens of machines that get no kernel: each says why and what would help, and asks again.
extension Pause {
    static let ledgerUnwritable = Pause(
        lines: [
            "Muster cannot write its ledger, so it begins no boot of an image",
            "that is not proven on this machine. Its log says why.",
        ],
        seconds: 10
    )

    static func unknown(mac: MACAddress, name: String) -> Pause {
        Pause(
            lines: [
                "This machine is not known yet: \(mac)",
                "It boots as soon as somebody accepts it:",
                "  muster accept \(name) --as PROFILE",
            ],
            seconds: 3
        )
    }

    static let nameless = Pause(
        lines: [
            "This machine did not say who it is, and nobody knows its address.",
            "It should ask for /boot.ipxe?mac=... with the address of its network card.",
        ],
        seconds: 10
    )

    static func notAllowed(_ machine: String, state: String) -> Pause {
        Pause(
            lines: [
                "\(machine) is \(state) and boots nothing.",
                "  muster set \(machine) --state active",
            ],
            seconds: 30
        )
    }

    static func nothingToBoot(_ machine: String, because problem: String) -> Pause {
        Pause(lines: ["\(machine) has nothing to boot:", problem], seconds: 5)
    }

    static func held(_ machine: String, reason: String?, seconds: Int) -> Pause {
        Pause(
            lines: ["\(machine) is held back for \(seconds) s."] + [reason].compactMap(\.self),
            seconds: max(1, min(seconds, 10))
        )
    }

    static func imageMissing(_ machine: String, image: Digest, reason: String) -> Pause {
        Pause(lines: ["\(machine) should boot \(image.short), which cannot be served:", reason], seconds: 10)
    }
}
