/// A profile `site` of the small system in `SiteImages`, and its machines, as files to apply. What the system is built with
/// it shows: `MUSTER-BUILT <who>`.
struct Site: Sendable {
    var name = "site"
    /// Makes another image when it changes.
    var who = "1"
    /// On the kernel's command line.
    var kernel = "quiet"
    var adopt = "roll"
    /// Seconds without another boot after which a machine is healthy.
    var settle = 1
    /// Where its init comes from.
    var start = "oci-archive:${images}/init.tar"
    /// By number, in this profile.
    var machines: [Int]

    /// A kernel that finds no first process, and starts the machine again a second after it gave up.
    static let panics = "quiet panic=1 rdinit=/none"

    func resources(in lab: RunningLab) -> String {
        let profile = """
            kind: Profile
            name: \(name)
            image: \(name).yml
            vars: { who: "\(who)", kernel: "\(kernel)", images: "\(lab.images)" }
            adopt: \(adopt)
            health: { fetched: { settle: \(settle)s } }
            rollout: { tries: 2 }

            """
        let machines = machines.map { number in
            """
            kind: Machine
            name: lab-\(number)
            macs: ["52:54:00:77:00:0\(number)"]
            profile: \(name)

            """
        }
        return ([profile] + machines).joined(separator: "---\n")
    }

    var definition: String {
        """
        kernel:
          image: \(SiteImages.silentRegistry)/kernel:1
          cmdline: "console=tty0 console=ttyS0 no_timer_check ${kernel}"
        init: ["\(start)"]
        files:
          - {path: etc/motd, contents: "MUSTER-BUILT ${who}\\n", mode: "0644"}
        """
    }

    func apply(to lab: RunningLab) async throws {
        try await lab.apply(resources(in: lab), definitions: [name + ".yml": definition])
    }
}
