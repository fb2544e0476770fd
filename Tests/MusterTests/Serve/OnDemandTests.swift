import AsyncHTTPClient
import Foundation
import Synchronization
import Testing

/// A profile's image is built by the running server because machines ask for it.
@Suite("Images on demand, by the executable", .blocking)
struct OnDemandTests {
    /// The loopback interface is believed to be any machine, so that plain clients can be four of them.
    private static let trusted = "port: 0, trustedNetworks: [127.0.0.0/8]"

    private static let definition = """
        kernel: {image: "127.0.0.1:1/kernel:1", cmdline: "console=ttyS0 who=${who}", tar: none}
        services:
          - name: web
            image: 127.0.0.1:1/web:1
        """

    private static func resources(
        _ who: String,
        image: String = "web.yml",
        adopt: String = "nextBoot",
        settle: String = "5m"
    ) -> String {
        var text =
            "kind: Profile\nname: web\nimage: \(image)\nvars: {who: \(who)}\nadopt: \(adopt)\nsettle: \(settle)\n"
        for number in 1...4 {
            text += "---\nkind: Machine\nname: n\(number)\nmacs: [52:54:00:00:00:0\(number)]\nprofile: web\n"
        }
        return text
    }

    private func serve(fillingCache: Bool) throws -> RunningServe {
        let serve = try RunningServe(http: Self.trusted)
        if fillingCache { try fill(serve) }
        try serve.directory.file("web.yml", Self.definition)
        try serve.directory.file("site.yml", Self.resources("you"))
        return serve
    }

    /// - Parameter package: what the service's image is made of.
    private func fill(_ serve: RunningServe, package: String = "#!/bin/sh\n") throws {
        try ContainerFixture.fill(
            cacheOf: serve.data,
            with: [
                "127.0.0.1:1/kernel:1": ["kernel": String(repeating: "k", count: 4096)],
                "127.0.0.1:1/web:1": ["run": String(repeating: package, count: 400_000)],
            ],
            in: serve.directory
        )
        // The server became nobody, and the cache is its own.
        let owner = try #require(FileManager.default.attributesOfItem(atPath: serve.data)[.ownerAccountName] as? String)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/chown")
        process.arguments = ["-R", owner, serve.data + "/cache"]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    private static func script(_ number: Int, _ port: UInt16) async throws -> String {
        let url = "http://127.0.0.1:\(port)/boot.ipxe?mac=52-54-00-00-00-0\(number)&arch=amd64"
        let response = try await HTTPClient.shared.get(url: url).get()
        return String(buffer: try #require(response.body))
    }

    /// What machine `number` gets in the end, and every screen before it.
    private static func boot(_ number: Int, _ port: UInt16) async throws -> (script: String, screens: [String]) {
        var screens: [String] = []
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            let text = try await script(number, port)
            if text.contains("\nkernel ") { return (text, screens) }
            screens.append(text)
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("machine \(number) got no kernel: \(screens.last ?? "")")
        return ("", screens)
    }

    @Test("Four machines at once: one build, and all get the same image; with other vars the next boot gets another")
    func four() async throws {
        let serve = try serve(fillingCache: true)
        let applied = try serve.muster("apply", "-f", serve.directory.path + "/site.yml")
        try #require(applied.status == 0, "\(applied.errors)")
        let port = try serve.bootPort
        let boots = try await withThrowingTaskGroup(of: (String, [String]).self) { group in
            for number in 1...4 { group.addTask { try await Self.boot(number, port) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let kernels = boots.map { boot in boot.0.split(separator: "\n").first { $0.hasPrefix("kernel ") } ?? "" }
        #expect(Set(kernels.map { $0.prefix { $0 != "?" } }).count == 1)
        #expect(kernels.allSatisfy { $0.contains(" who=you ") })
        #expect(boots.contains { $0.1.contains { $0.contains("is being built") } })
        #expect(try releases(serve) == [1])
        let events = try serve.muster("get", "events", "--json")
        #expect(events.output.components(separatedBy: "release.created").count == 2, "\(events.output)")

        try serve.directory.file("site.yml", Self.resources("me"))
        let again = try serve.muster("apply", "-f", serve.directory.path + "/site.yml")
        try #require(again.status == 0, "\(again.errors)")
        let built = try serve.muster("build", "--profile", "web")
        #expect(built.status == 0 && built.output.contains("web has release 2 for amd64"), "\(built)")
        #expect(try releases(serve) == [1, 2])
    }

    @Test("A newer package, and a changed definition: releases come, and a proven machine gets them when it is granted")
    func granted() async throws {
        let serve = try serve(fillingCache: true)
        func apply(_ who: String) throws -> String {
            try serve.directory.file("site.yml", Self.resources(who, adopt: "roll", settle: "1s"))
            let applied = try serve.muster("apply", "-f", serve.directory.path + "/site.yml")
            try #require(applied.status == 0, "\(applied.errors)")
            return applied.output
        }
        #expect(try apply("you").contains("web is built when the first machine asks for it"))
        let port = try serve.bootPort
        let first = try await Self.boot(1, port).script
        try await Self.fetch(first)
        try serve.waitUntil("it is proven") {
            (try? serve.muster("why", "machine", "n1"))?.output.contains("the machine was healthy on it") == true
        }

        // As `muster pkg build` leaves it: the same name, other bytes.
        try fill(serve, package: "#!/bin/sh -e\n")
        #expect(try serve.muster("build", "--profile", "web").output.contains("web has release 2 for amd64"))
        #expect(try await Self.image(in: Self.script(1, port)) == Self.image(in: first))
        let staged = try serve.muster("assign", "web", "n1").output
        #expect(staged.contains("1 machine keeps web@") && staged.contains("until `muster roll web`"), "\(staged)")
        #expect(try serve.muster("assign", "web", "n1", "--now").status == 0)
        let second = try await Self.script(1, port)
        #expect(Self.image(in: second) != Self.image(in: first) && second.contains(" who=you "))

        #expect(try apply("me").contains("web is being built for amd64"))
        let granted = try serve.muster("assign", "web", "n1", "--now")
        #expect(granted.status == 0 && granted.output.contains("1 machine gets web@"), "\(granted)")
        #expect(try await Self.script(1, port).contains(" who=me "))
        #expect(try releases(serve) == [1, 2, 3])
        let events = try serve.muster("get", "events", "--json").output
        for kind in ["started", "finished"] {
            #expect(events.components(separatedBy: "\"build.\(kind)\"").count == 4, "\(events)")
        }
    }

    private static func image(in script: String) -> String {
        script.firstMatch(of: /images\/([0-9a-f]{64})\//).map { "\($0.output.1)" } ?? script
    }

    /// The kernel and the initrd that a script names, whole.
    private static func fetch(_ script: String) async throws {
        let urls = script.split(whereSeparator: { $0 == " " || $0 == "\n" }).filter { $0.contains("/images/") }
        #expect(urls.count == 2, "\(script)")
        for url in urls {
            let response = try await HTTPClient.shared.get(url: String(url)).get()
            #expect(response.status == .ok)
        }
    }

    /// Of a process' threads, by number.
    private struct RunningThread: Hashable {
        var name: String
        var nice: Int
    }

    private static func threads(of process: pid_t) throws -> [Int: RunningThread] {
        var threads: [Int: RunningThread] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task") {
            // A thread may end while it is looked at.
            guard let number = Int(name),
                let line = try? String(contentsOfFile: "/proc/\(process)/task/\(name)/stat", encoding: .utf8),
                let open = line.firstIndex(of: "("), let close = line.lastIndex(of: ")")
            else { continue }
            // proc_pid_stat(5): the fields from the third on stand behind the name, the nice value is the nineteenth.
            let fields = line[close...].split(separator: " ").dropFirst()
            let nice = try #require(fields.dropFirst(16).first.flatMap { Int($0) }, "\(line)")
            threads[number] = RunningThread(name: String(line[open...].dropFirst().prefix { $0 != ")" }), nice: nice)
        }
        return threads
    }

    /// Looks again and again from a thread of its own: tasks of other tests may hold this one's up for a whole build.
    ///
    /// - Returns: ends the watch; every thread that was seen.
    private static func watchThreads(of process: pid_t) -> () throws -> Set<RunningThread> {
        let seen = Mutex(Result<Set<RunningThread>, any Error>.success([]))
        let isOver = Atomic(false), ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            repeat {
                let now = Result { try Set(Self.threads(of: process).values) }
                seen.withLock { seen in seen = seen.flatMap { before in now.map { before.union($0) } } }
            } while !isOver.load(ordering: .relaxed)
            ended.signal()
        }
        return {
            isOver.store(true, ordering: .relaxed)
            ended.wait()
            return try seen.withLock { try $0.get() }
        }
    }

    @Test("While an image is built, the builder's threads give way and no others do")
    func givingWay() async throws {
        let serve = try serve(fillingCache: true)
        _ = try serve.muster("apply", "-f", serve.directory.path + "/site.yml")
        let watch = Self.watchThreads(of: serve.identifier)
        _ = try await Self.boot(1, try serve.bootPort)
        let seen = try watch()
        // Dispatch names its threads after their queue, of which Linux keeps the end; libraries' threads inherit it.
        let nice = seen.filter { $0.nice >= 10 }
        #expect(nice == [RunningThread(name: ".background-qos", nice: 10)])
        #expect(seen.contains { $0.name.hasPrefix("NIO") && $0.nice == 0 }, "\(seen)")
    }

    private func releases(_ serve: RunningServe) throws -> [Int] {
        let output = try serve.muster("get", "releases", "--json").output
        let list = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String: Any]] ?? []
        return list.compactMap { $0["number"] as? Int }
    }

    @Test("A build that fails is on the screen and in why, and its command fails; filling the cache mends it")
    func failing() async throws {
        let serve = try serve(fillingCache: false)
        _ = try serve.muster("apply", "-f", serve.directory.path + "/site.yml")
        let built = try serve.muster("build", "--profile", "web")
        #expect(built.status == 1 && built.errors.contains("127.0.0.1:1: nobody listens"), "\(built)")
        let screen = try await Self.script(1, serve.bootPort)
        #expect(screen.contains("could not be built") || screen.contains("is being built"), "\(screen)")
        let why = try serve.muster("why", "machine", "n1").output
        #expect(why.contains("could not be built: ") || why.contains("is being built"), "\(why)")
        try fill(serve)
        let mended = try serve.muster("build", "--profile", "web")
        #expect(mended.status == 0, "\(mended)")
        #expect(try await Self.boot(1, serve.bootPort).script.contains(" who=you "))
    }

    @Test("Killed in the middle of a build: nothing is served half, and the next server builds again")
    func killed() async throws {
        let serve = try serve(fillingCache: true)
        _ = try serve.muster("apply", "-f", serve.directory.path + "/site.yml")
        _ = try await Self.script(1, serve.bootPort)
        serve.signal(SIGKILL)
        _ = try serve.waitForExit()
        let next = try RunningServe(http: Self.trusted, beside: serve)
        #expect(try await Self.boot(1, next.bootPort).script.contains(" who=you "))
        #expect(try releases(next) == [1])
    }

    @Test("A definition that is wrong is refused with its place, and one that is not there by its path")
    func refused() throws {
        let serve = try serve(fillingCache: false)
        try serve.directory.file("web.yml", "kernel:\n  imgae: x\n")
        let wrong = try serve.muster("apply", "-f", serve.directory.path + "/site.yml")
        #expect(wrong.status == 1 && wrong.errors.contains("/web.yml:2:3: "), "\(wrong.errors)")
        try serve.directory.file("site.yml", Self.resources("you", image: "none.yml"))
        let missing = try serve.muster("apply", "-f", serve.directory.path + "/site.yml")
        #expect(missing.status == 1 && missing.errors.contains("/none.yml"), "\(missing.errors)")
        #expect(try !serve.muster("get", "profiles", "--json").output.contains("web"))
        let none = try serve.muster("build", "--profile", "web")
        #expect(none.status == 1 && none.errors.contains("there is no profile 'web'"), "\(none.errors)")
    }
}
