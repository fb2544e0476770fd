import Inventory
import PXE
import Rollout
import Vocabulary

extension FleetAuthority {
    public func observe(_ observation: Observation) {
        let now = Moment.now()
        switch observation {
        case .discovered(let identity, let client, let interface):
            discovered(identity, client: client, interface: interface, now: now)
        case .loaderOffered(let identity, let loader):
            guard let machine = snapshot.read({ $0.machine(for: identity)?.name }) else { return }
            book.seen(machine, note: TimelineNote(stage: .loader, detail: "\(loader) offered", time: now.wall))
        case .addressed(let address, let mac):
            addresses.recordRelayed(address, mac: mac, now: now)
        case .transferred(let transfer):
            transferred(transfer, now: now)
        case .rogueServer(let address, let mac, let interface):
            let server = mac.map { "\(address) (\($0))" } ?? "\(address)"
            say(.rogueServer, interface, "another DHCP server, \(server), answers on \(interface)", now: now)
        case .declined(let address, let mac):
            say(.declined, "\(mac)", "\(mac) found the address \(address) in use by another", now: now)
        case .poolExhausted(let network):
            say(.poolExhausted, "\(network)", "no address of \(network) is left to give", now: now)
        case .looping(let mac, let rate):
            let name = snapshot.read { $0.machine(mac: mac)?.name } ?? "\(mac)"
            say(.bootLooping, name, "\(name) asks \(rate) times a minute without getting further", now: now)
        case .notice(let kind, let message):
            say(EventKind(kind), "", message, now: now)
        }
    }

    /// An event, unless the same was said a moment ago.
    func say(_ kind: EventKind, _ subject: String, _ message: String, now: Moment) {
        guard throttle.allows("\(kind.name) \(message)", now: now) else { return }
        write([kind.row(subject, message, at: now.wall)])
        logger.warning("\(message)", metadata: ["event": "\(kind.name)"])
    }

    private func discovered(
        _ identity: MachineIdentity,
        client: BootClientKind,
        interface: String,
        now: Moment
    ) {
        guard client != .other, let machine = snapshot.read({ $0.machine(for: identity)?.name }) else { return }
        let detail = "\(client.rawValue) on \(interface)" + (identity.mac.map { " from \($0)" } ?? "")
        let note = TimelineNote(stage: .dhcp, detail: detail, time: now.wall)
        book.discovered(machine, architecture: identity.architecture, note: note, now: now)
    }

    private func transferred(_ transfer: Transfer, now: Moment) {
        guard let owner = owner(of: transfer, now: now) else { return }
        let part: BootBook.Part?
        var boot = transfer.boot
        var image: Digest?
        switch transfer.name {
        case .loader(let name):
            guard transfer.range.upperBound == transfer.total else { return }
            let detail = "\(name) by \(transfer.carrier.rawValue)"
            book.seen(owner, note: TimelineNote(stage: .loader, detail: detail, time: now.wall))
            return
        case .image(let digest, let name):
            part = BootBook.Part(rawValue: name)
            image = digest
        case .boot(let id, let name):
            part = BootBook.Part(rawValue: name)
            boot = id
        case .call(let id, .segment):
            part = .segment
            boot = id
        case .blob(let digest):
            book.transferredBlob(digest, to: owner, transfer: transfer, now: now)
            return
        case .ipxeScript, .grubConfiguration, .health, .call, .metadata:
            return
        }
        guard let part else { return }
        if boot == .preview { boot = nil }
        book.transferred(part, of: owner, boot: boot, image: image, transfer: transfer, now: now)
    }

    /// The machine that a transfer went to: the one whose boot it names, if the address is one of its own.
    private func owner(of transfer: Transfer, now: Moment) -> String? {
        let mac = addresses.mac(of: transfer.peer, now: now)
        let machine = mac.flatMap { mac in snapshot.read { $0.machine(mac: mac)?.name } }
        if let machine { return machine }
        guard addresses.trusts(transfer.peer), let boot = transfer.boot else { return nil }
        return book.boot(boot)?.machine
    }
}
