import Build
import Inventory
import PXE
import Rollout
import Vocabulary

/// A script request of a described machine, from an address of its own.
struct ScriptAsk: Sendable {
    var machine: String
    var mac: MACAddress
    var identity: MachineIdentity
    var plan: MachinePlan
    var now: Moment
}

/// What asking comes to before any image was opened.
enum ScriptStep: Sendable {
    case answered(BootAnswer)
    /// The reply was kept and is sent when the boot is on disk.
    case waiting
    /// A boot of this image would begin.
    case begins(Digest)
    /// Nothing to boot.
    case none(BootRules.Choice)
}

/// What beginning a boot comes to.
enum BeginStep: Sendable {
    case answered(BootAnswer)
    /// It is being written.
    case begun
    /// The choice changed meanwhile: ask again.
    case changed
}

extension BootBook {
    /// Joins the boot that is open, or says what would begin.
    func ask(_ ask: ScriptAsk, reply: @escaping @Sendable (BootAnswer) -> Void) -> ScriptStep {
        change { contents in
            let slot = contents.slot(of: ask.machine)
            if slot.identity != ask.identity {
                slot.identity = ask.identity
                contents.saidSomething.insert(ask.machine)
            }
            slot.take(ask.plan)
            let rules = ask.plan.rules
            if let open = slot.open, open.mayBeJoined, let download = slot.download,
                open.image == rules.image(slot.state, rescue: ask.plan.rescue, now: ask.now.wall)
            {
                if let pause = contents.gate.pause(ask.machine, bytes: download.bytes, now: ask.now) {
                    return (.answered(pause), [])
                }
                download.asked += 1
                if download.waiting != nil {
                    download.waiting?.append(ScriptReply(mac: ask.mac, send: reply))
                    return (.waiting, [])
                }
                return (.answered(.boot(download.instructions.with(ask.mac))), [])
            }
            let (choice, image) = slot.preview(ask.plan, now: ask.now.wall)
            if let image { return (.begins(image), []) }
            return (.none(choice), contents.close(slot, now: ask.now))
        }
    }

    /// Begins a boot of `image`, if that is still what the machine gets.
    ///
    /// - Parameters:
    ///   - commandLine: the image's and the profile's.
    ///   - done: is called when the boot that was begun is on the disk, or cannot be written: then `settle`.
    func begin(
        _ ask: ScriptAsk,
        image: BootImage,
        commandLine: String,
        reply: @escaping @Sendable (BootAnswer) -> Void,
        done: @escaping @Sendable (BootID, _ written: Bool) -> Void
    ) -> BeginStep {
        contents.withLock { contents in
            let slot = contents.slot(of: ask.machine)
            guard slot.preview(ask.plan, now: ask.now.wall).image == image.digest else { return .changed }
            if let open = slot.open, open.mayBeJoined, open.image == image.digest, slot.download != nil {
                return .changed
            }
            if let pause = contents.gate.pause(ask.machine, bytes: image.manifest.bytes, now: ask.now) {
                // It is back, so the boot before is over, although the next has not begun.
                let rows = contents.close(slot, now: ask.now)
                if !rows.isEmpty { commit(rows) { _ in } }
                return .answered(pause)
            }
            guard
                let (boot, rows) = contents.begin(slot, ask, image: image, commandLine: commandLine, reply: reply)
            else { return .changed }
            commit(rows) { written in done(boot, written) }
            return .begun
        }
    }

    /// What a script would get now, without effect.
    func preview(_ ask: ScriptAsk) -> (choice: BootRules.Choice, image: Digest?) {
        contents.withLock { contents in
            let known = contents.slots[ask.machine]
            let slot = MachineSlot(machine: ask.machine, state: known?.state ?? MachineBootState())
            slot.open = known?.open
            slot.take(ask.plan)
            return slot.preview(ask.plan, now: ask.now.wall)
        }
    }

    /// Who waited for a boot to be on disk, and what they get.
    struct Settled: Sendable {
        var replies: [ScriptReply] = []
        var instructions: BootInstructions?
        /// The proven image that they could boot instead, without the ledger.
        var fallback: Digest?

        func answer(_ mac: MACAddress) -> BootAnswer {
            instructions.map { .boot($0.with(mac)) } ?? .pause(.ledgerUnwritable)
        }
    }

    /// The boot's rows are on disk, or could not be written.
    ///
    /// A proven image boots even then, from memory; an unproven one does not, and its boot never was.
    func settle(_ id: BootID, written: Bool) -> Settled {
        contents.withLock { contents in
            guard let slot = contents.boots[id], let open = slot.open, let download = slot.download,
                let waiting = download.waiting
            else { return Settled() }
            download.waiting = nil
            if written || !open.isTrial {
                return Settled(replies: waiting, instructions: download.instructions)
            }
            contents.boots[id] = nil
            contents.gate.finished(slot.machine)
            slot.open = nil
            slot.details = nil
            slot.download = nil
            return Settled(replies: waiting, fallback: slot.state.lastGood)
        }
    }

    /// Begins a boot of the last good image that is in no ledger.
    func beginUnwritten(_ ask: ScriptAsk, image: BootImage, commandLine: String) -> BootAnswer? {
        contents.withLock { contents in
            let slot = contents.slot(of: ask.machine)
            guard slot.open == nil, slot.state.lastGood == image.digest else { return nil }
            let boot = OpenBoot(
                id: BootID(milliseconds: UInt64(clamping: ask.now.wall.milliseconds)),
                image: image.digest,
                isTrial: false,
                begun: ask.now.wall
            )
            let download = contents.open(boot, in: slot, ask, image: image, commandLine: commandLine)
            return .boot(download.instructions)
        }
    }
}

extension BootBook.Contents {
    fileprivate mutating func begin(
        _ slot: MachineSlot,
        _ ask: ScriptAsk,
        image: BootImage,
        commandLine: String,
        reply: @escaping @Sendable (BootAnswer) -> Void
    ) -> (BootID, rows: [LedgerRow])? {
        var rows: [LedgerRow] = []
        let before = (open: slot.open, details: slot.details)
        let decision = ask.plan.rules.scriptRequested(
            &slot.state,
            open: &slot.open,
            adopt: ask.plan.adopt,
            rescue: ask.plan.rescue,
            now: ask.now.wall,
            makeID: { BootID(milliseconds: UInt64(clamping: ask.now.wall.milliseconds)) }
        )
        guard case .begin(let boot, let closing) = decision else { return nil }
        if let closing, let details = before.details {
            boots[closing.boot.id] = nil
            rows += slot.closingRows(closing, details: details, now: ask.now)
        }
        forgetFailed(of: slot)
        let download = open(boot, in: slot, ask, image: image, commandLine: commandLine)
        if let granted = slot.granted, granted.generation == slot.state.generation, boot.image == slot.state.assigned {
            slot.details?.cause = granted.cause
            let message = "\(slot.machine) begins boot \(boot.id) of \(boot.image.short)"
            rows.append(EventKind.bootBegun.row(slot.machine, message, at: ask.now.wall, cause: granted.cause))
        }
        download.waiting = [ScriptReply(mac: ask.mac, send: reply)]
        rows += [slot.stateRow] + [slot.bootRow].compactMap(\.self)
        rows += slot.prelude.map { $0.row(of: boot.id) }
        slot.prelude.removeAll()
        return (boot.id, rows)
    }

    /// Makes `boot` the slot's open one, ready to be downloaded.
    fileprivate mutating func open(
        _ boot: OpenBoot,
        in slot: MachineSlot,
        _ ask: ScriptAsk,
        image: BootImage,
        commandLine: String
    ) -> Download {
        let download = Download(
            BootInstructions(
                boot: boot.id,
                machine: slot.machine,
                mac: ask.mac,
                image: boot.image,
                commandLine: commandLine,
                hasInitrd: !image.manifest.initrd.isEmpty,
                hasSegment: ask.plan.profile.hasSegment(for: image.manifest)
            ),
            bytes: image.manifest.bytes,
            now: ask.now
        )
        slot.open = boot
        slot.download = download
        slot.details = BootDetails(
            mac: ask.mac,
            profile: ask.plan.profile?.name,
            plan: ask.plan.profile,
            release: boot.image == ask.plan.desired ? ask.plan.profile?.release : nil,
            architecture: image.manifest.architecture,
            hasAgent: image.manifest.hasAgent,
            root: image.manifest.root.map { RootDownload(digest: $0.digest) }
        )
        boots[boot.id] = slot
        return download
    }

    /// Closes a boot that was fetched whole, because its machine is back.
    mutating func close(_ slot: MachineSlot, now: Moment) -> [LedgerRow] {
        guard let details = slot.details,
            let closed = details.rules.discovered(&slot.state, open: &slot.open, now: now.wall)
        else { return [] }
        boots[closed.boot.id] = nil
        slot.details = nil
        return slot.closingRows(closed, details: details, now: now) + [slot.stateRow]
    }
}

extension BootInstructions {
    /// The same for another card of the machine.
    fileprivate func with(_ mac: MACAddress) -> BootInstructions {
        guard mac != self.mac else { return self }
        var own = self
        own.mac = mac
        return own
    }
}

extension ImageManifest {
    /// What a machine downloads of it.
    var bytes: UInt64 { initrd.reduce(kernel.size + (root?.size ?? 0)) { $0 + $1.size } }
}

extension DownloadGate {
    /// The screen for a machine that has to wait for its turn; nil when it is its turn.
    fileprivate mutating func pause(_ machine: String, bytes: UInt64, now: Moment) -> BootAnswer? {
        switch ask(machine, bytes: bytes, now: now.uptime) {
        case .admitted: nil
        case .wait(let position, let seconds):
            .pause(
                Pause(
                    lines: ["Many machines are booting. \(machine) is number \(position) in line."],
                    seconds: seconds
                )
            )
        }
    }
}
