import Inventory
import PXE
import Rollout
import Vocabulary

extension FleetAuthority {
    public func answer(_ request: BootRequest, reply: @escaping @Sendable (BootAnswer) -> Void) {
        let now = Moment.now()
        let owner = addresses.mac(of: request.peer, now: now)
        var identity = request.identity
        if identity.mac == nil { identity.mac = owner }
        guard let machine = snapshot.read({ $0.machine(for: identity) }), let firstCard = machine.nics.first?.mac else {
            if !request.isDry { statistics.count(.unknown) }
            reply(.pause(unknown(identity, request: request, owner: owner, now: now)))
            return
        }
        let reply = request.isDry ? reply : counting(reply)
        guard machine.mayBoot else {
            reply(.pause(.notAllowed(machine.name, state: machine.state.phrase)))
            return
        }
        if identity.architecture == nil { identity.architecture = book.discoveredArchitecture(of: machine.name) }
        let ask = ScriptAsk(
            machine: machine.name,
            mac: identity.mac ?? firstCard,
            identity: identity,
            plan: planner.plan(for: machine, identity: identity, address: request.peer),
            now: now
        )
        guard isOwn(request.peer, owner: owner, of: machine), !request.isDry else {
            reply(dryAnswer(ask))
            return
        }
        if let pause = awaitBuild(ask, begins: true) {
            book.cameBack(ask.machine, now: now)
            reply(.pause(pause))
            return
        }
        answer(ask, attempts: 3, reply: reply)
    }

    /// Screens are counted here, images once they are on disk.
    private func counting(_ reply: @escaping @Sendable (BootAnswer) -> Void) -> @Sendable (BootAnswer) -> Void {
        { [statistics] answer in
            if case .pause = answer { statistics.count(.paused) }
            reply(answer)
        }
    }

    /// Whether what comes from `peer` counts as said by the machine.
    ///
    /// - Parameter owner: the network card that has the address; nil when nobody knows.
    func isOwn(_ peer: IPv4Address, owner: MACAddress?, of machine: Machine) -> Bool {
        owner.map { owner in machine.nics.contains { $0.mac == owner } } ?? false || addresses.trusts(peer)
    }

    private func answer(_ ask: ScriptAsk, attempts: Int, reply: @escaping @Sendable (BootAnswer) -> Void) {
        switch book.ask(ask, reply: reply) {
        case .answered(let answer): reply(answer)
        case .waiting: break
        case .none(let choice): reply(.pause(pause(ask, choice)))
        case .begins(let digest):
            switch prepare(digest, for: ask) {
            case .failure(let pause): reply(.pause(pause))
            case .success(let ready): begin(ask, ready, attempts: attempts, reply: reply)
            }
        }
    }

    private func begin(
        _ ask: ScriptAsk,
        _ ready: ReadyImage,
        attempts: Int,
        reply: @escaping @Sendable (BootAnswer) -> Void
    ) {
        let step = book.begin(ask, image: ready.image, commandLine: ready.commandLine, reply: reply) {
            [self] id, written in
            finish(id, ask, written: written)
        }
        switch step {
        case .answered(let answer): reply(answer)
        case .begun: break
        case .changed where attempts > 0: answer(ask, attempts: attempts - 1, reply: reply)
        case .changed: reply(.pause(Pause(lines: ["\(ask.machine) is being given another image."], seconds: 1)))
        }
    }

    /// The ledger has a boot, or could not take it.
    private func finish(_ id: BootID, _ ask: ScriptAsk, written: Bool) {
        let settled = book.settle(id, written: written)
        guard let lastGood = settled.fallback else {
            for reply in settled.replies { reply.send(settled.answer(reply.mac)) }
            return
        }
        // An unproven image is not begun without the ledger; what is proven here still boots, from memory.
        guard case .success(let ready) = prepare(lastGood, for: ask),
            let answer = book.beginUnwritten(ask, image: ready.image, commandLine: ready.commandLine)
        else {
            for reply in settled.replies { reply.send(.pause(.ledgerUnwritable)) }
            return
        }
        for reply in settled.replies { reply.send(answer) }
    }

    /// What the machine would get, without anything coming of it.
    func dryAnswer(_ ask: ScriptAsk) -> BootAnswer {
        if let pause = awaitBuild(ask, begins: false) { return .pause(pause) }
        let (choice, image) = book.preview(ask)
        guard let image else { return .pause(pause(ask, choice)) }
        switch prepare(image, for: ask) {
        case .failure(let pause): return .pause(pause)
        case .success(let ready):
            return .boot(
                BootInstructions(
                    boot: .preview,
                    machine: ask.machine,
                    mac: ask.mac,
                    image: image,
                    commandLine: ready.commandLine,
                    hasInitrd: !ready.image.manifest.initrd.isEmpty,
                    hasSegment: ask.plan.profile.hasSegment(for: ready.image.manifest)
                )
            )
        }
    }

    // MARK: Images and screens

    struct ReadyImage: Sendable {
        var image: BootImage
        var commandLine: String
    }

    enum Preparation {
        case success(ReadyImage)
        case failure(Pause)
    }

    private func prepare(_ digest: Digest, for ask: ScriptAsk) -> Preparation {
        do {
            let image = try shelf.image(digest, now: ask.now)
            let commandLine = ask.plan.profile?.commandLine(with: image.manifest) ?? image.manifest.commandLine
            return .success(ReadyImage(image: image, commandLine: commandLine))
        } catch {
            return .failure(.imageMissing(ask.machine, image: digest, reason: "\(error)"))
        }
    }

    private func pause(_ ask: ScriptAsk, _ choice: BootRules.Choice) -> Pause {
        switch choice {
        case .held(let until):
            let seconds = Int((until - ask.now.wall).milliseconds / 1000) + 1
            return .held(ask.machine, reason: book.standing(of: ask.machine)?.state.reason, seconds: seconds)
        case .nothing, .proven, .trial, .lastGood:
            return .nothingToBoot(ask.machine, because: ask.plan.problem ?? "no image was granted to it yet")
        }
    }

    /// A machine that nobody described: remembered when its address is its own, and shown how to be accepted.
    private func unknown(
        _ identity: MachineIdentity,
        request: BootRequest,
        owner: MACAddress?,
        now: Moment
    ) -> Pause {
        guard let mac = identity.mac, !mac.isGroupOrZero else { return .nameless }
        let seen = WaitingMachine(
            mac: mac,
            uuid: identity.uuid,
            serial: identity.serial,
            architecture: identity.architecture,
            address: request.peer,
            firstSeen: now.wall,
            lastSeen: now.wall
        )
        if !request.isDry, owner == mac || addresses.trusts(request.peer) {
            waiting.admit(seen, now: now)
        }
        return .unknown(mac: mac, name: seen.provisionalName)
    }
}
