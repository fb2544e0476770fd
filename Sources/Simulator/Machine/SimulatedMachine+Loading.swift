import PXE
import Vocabulary

/// iPXE: script, kernel and initrds over HTTP, on one connection, each byte checked.
extension SimulatedMachine {
    /// Bytes of the longest script, manifest or machine segment.
    private static let mostBytes = 1 << 20
    /// How long iPXE waits for what failed to load (`boot/templates`).
    private static let failedPause = Duration.seconds(10)

    func runScript(_ url: String) {
        move(to: .loading)
        let began = now
        fetch(url, agent: "iPXE/1.21.1") { machine, bytes in
            guard let script = BootScript(parsing: bytes, of: machine.identity) else {
                return machine.fail("what \(url) gives is no script")
            }
            machine.report.took(.script, machine.now - began)
            machine.run(script)
        }
    }

    private func run(_ script: BootScript) {
        self.script = script
        guard let kernel = script.kernel else {
            if script.pause == 0, let again = script.again { return runScript(again) }
            return askAgain(after: .seconds(script.pause))
        }
        guard let image = Self.image(in: kernel.url) else { return fail("\(kernel.url) is not an image's kernel") }
        self.image = image
        if fleet.images[image] == nil {
            readManifest(of: image, beside: kernel.url)
        } else {
            loadKernel()
        }
    }

    private func askAgain(after pause: Duration) {
        guard let again = script?.again else { return fail("a script names nothing to go on with") }
        move(to: .waiting)
        report.count(\.waits)
        hangUp()
        after(pause) { $0.runScript(again) }
    }

    /// `/images/<hex>/kernel`
    private static func image(in url: String) -> Digest? {
        let parts = url.split(separator: "/")
        guard parts.count >= 5, parts[2] == "images" else { return nil }
        return Digest(hex: parts[3])
    }

    /// No machine does this: the simulator wants to know what the bytes have to be.
    private func readManifest(of image: Digest, beside url: String) {
        let path = url.split(separator: "?")[0].dropLast("kernel".utf8.count) + "manifest.json"
        fetch(String(path), agent: "muster-simulate") { machine, bytes in
            guard let digests = ImageDigests(manifest: bytes, of: image) else {
                return machine.fail("the manifest of \(image) is not what its digest says")
            }
            machine.fleet.images[image] = digests
            machine.loadKernel()
        }
    }

    private func loadKernel() {
        guard let script, let kernel = script.kernel, let image, let digests = fleet.images[image] else { return }
        load(kernel.url, as: .kernel, [digests.kernel]) { machine in
            if machine.death == .kernel { return machine.die() }
            machine.loadInitrds(script.initrds[...], digests)
        }
    }

    private func loadInitrds(_ urls: ArraySlice<String>, _ digests: ImageDigests) {
        guard let url = urls.first else { return start() }
        let rest = urls.dropFirst()
        if url.hasSuffix("/segment") {
            let began = now
            return fetch(url, agent: "iPXE/1.21.1") { machine, bytes in
                machine.report.took(.segment, machine.now - began)
                machine.token = BootToken.find(in: bytes)
                machine.loadInitrds(rest, digests)
            }
        }
        load(url, as: .initrd, digests.initrd) { $0.loadInitrds(rest, digests) }
    }

    /// Downloads what has to have these digests.
    private func load(
        _ url: String,
        as phase: Phase,
        _ pieces: [ImageDigests.Piece],
        then next: @escaping (SimulatedMachine) -> Void
    ) {
        var check = DigestCheck(pieces)
        let began = now
        let finish = { (machine: SimulatedMachine) in
            guard check.isRight else {
                machine.report.count(\.wrongDigests)
                return machine.fail("\(url) has the wrong digest")
            }
            machine.report.took(phase, machine.now - began)
            next(machine)
        }
        get(url, agent: "iPXE/1.21.1", body: { check.take($0) }, then: finish)
    }

    private func fetch(_ url: String, agent: String, then next: @escaping (SimulatedMachine, [UInt8]) -> Void) {
        var bytes: [UInt8] = []
        get(url, agent: agent, body: { if bytes.count < Self.mostBytes { bytes += $0 } }, then: { next($0, bytes) })
    }

    /// GET, as iPXE does it: a 503 says when to ask again, and what is lost is for the script to say.
    private func get(
        _ url: String,
        agent: String,
        body: @escaping Connection.Body,
        then next: @escaping (SimulatedMachine) -> Void
    ) {
        guard let target = WebAddress(url), let connection = connect(to: target.host) else {
            return fail("cannot go to \(url)")
        }
        let request = "GET \(target.path) HTTP/1.1\r\nHost: \(target.host)\r\nUser-Agent: \(agent)\r\n\r\n"
        stopTimer()
        connection.send(Array(request.utf8), body: body) { [unowned self] result in
            switch result {
            case .success(let head) where head.status == 200: next(self)
            case .success(let head) where head.status == 503:
                report.count(\.httpRetries)
                after(.seconds(head.retryAfter ?? 5)) { $0.get(url, agent: agent, body: body, then: next) }
            case .success(let head): notLoaded("\(url) gives status \(head.status)")
            case .failure(let failure): notLoaded("\(url): \(failure)")
            }
        }
    }

    /// The script's own way out; firmware's, where there is no script yet.
    private func notLoaded(_ reason: String) {
        guard script?.again != nil else { return fail(reason) }
        report.count(\.httpRetries)
        report.failed("\(identity.name): \(reason)")
        askAgain(after: Self.failedPause)
    }

    /// The connection that is there, as long as it is good for another request.
    private func connect(to host: Endpoint) -> Connection? {
        if let connection, connection.isUsable, connection.server == host { return connection }
        guard let address else { return nil }
        do throws(SystemError) {
            connection = try Connection(from: address, to: host, isSlow: isSlow, fleet: fleet)
        } catch {
            if error.isTransient { return nil }
            fleet.fail(error)
            return nil
        }
        return connection
    }

    // MARK: The system

    /// The kernel has everything and begins.
    private func start() {
        hangUp()
        move(to: .starting)
        guard let kernel = script?.kernel else { return }
        script = nil
        if death == .system || refuses(image) { return after(.zero) { $0.die() } }
        guard let boot = kernel.boot, let server = kernel.server, let token else {
            return fail("its image has no agent: it is told nothing that it could report with")
        }
        var fate = Fate(seed: fleet.configuration.seed, machine: identity.number, boot: -boots)
        let spread = 0.9 + 0.2 * Double(fate.next() % 1000) / 1000
        after(fleet.configuration.bootTime * spread) { machine in
            machine.agent = SimulatedAgent(machine, base: "\(server)/boots/\(boot)", token: token)
            machine.agent?.begin()
        }
    }
}
