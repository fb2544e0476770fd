import Testing
import Vocabulary

@testable import Build
@testable import Init

@Suite("muster: of a container")
struct SupervisionTests {
    private func read(_ text: String) throws -> Definition {
        try Definition(reading: [Definition.Source(path: "f.yml", text: text)])
    }

    private static let definition = """
        onboot:
        - {name: disk, image: a, muster: {onFailure: halt}}
        services:
        - {name: db, image: a, muster: {health: {command: [/bin/ready, now], timeout: 1s}}}
        - name: web
          image: a
          muster:
            restart: on-failure
            after: [db]
            health: {http: "http://:8080/ready", interval: 1m30s}
        - {name: cache, image: a, muster: {health: {tcp: "10.0.0.1:6379"}}}
        - {name: plain, image: a}
        """

    @Test("every key")
    func keys() throws {
        let definition = try read(Self.definition)
        #expect(definition.onboot[0].settings.supervision?.onFailure == .halt)
        let settings = definition.services.map(\.settings.supervision)
        #expect(settings[0]?.health?.probe == .command(["/bin/ready", "now"]))
        #expect(settings[0]?.health?.timeout == .seconds(1))
        #expect(settings[1]?.restart == .onFailure)
        #expect(settings[1]?.after == ["db"])
        #expect(settings[1]?.health?.probe == .http("http://:8080/ready"))
        #expect(settings[1]?.health?.interval == .seconds(90))
        #expect(settings[2]?.health?.probe == .tcp("10.0.0.1:6379"))
        #expect(settings[3] == nil)
    }

    @Test("the merged definition says it again")
    func metadata() throws {
        let definition = try read(Self.definition)
        let text = String(decoding: definition.metadata(.yaml), as: UTF8.self)
        #expect(try read(text).services.map(\.settings.supervision) == definition.services.map(\.settings.supervision))
        #expect(try read(text).onboot.map(\.settings.supervision) == definition.onboot.map(\.settings.supervision))
    }

    @Test(
        "what cannot be is refused with its place",
        arguments: [
            ("restart: sometimes", "f.yml:4:21: found 'sometimes', expected one of always, on-failure, never"),
            ("onFailure: halt", "f.yml:4:12: found 'onFailure', expected only restart, after, health below 'muster'"),
            ("restrat: always", "f.yml:4:12: found unknown key 'restrat'"),
            ("after: web", "f.yml:4:19: found 'web', expected a list of texts"),
            ("after: [other]", "f.yml:2:3: found 'other' below 'after' of web, expected the name of a service"),
            ("after: [web]", "f.yml:2:3: found that the service web waits for itself"),
            ("health: {}", "f.yml:4:20: found a health check of 0 kinds"),
            ("health: {tcp: \":1\", http: \"http://:1\"}", "f.yml:4:20: found a health check of 2 kinds"),
            ("health: {tcp: \"web:80\"}", "f.yml:4:26: found 'web:80', expected an IPv4 address and a port"),
            ("health: {tcp: \"1.2.3.4\"}", "found '1.2.3.4', expected an IPv4 address and a port"),
            ("health: {tcp: \":0\"}", "found ':0', expected an IPv4 address and a port"),
            ("health: {http: \"https://1.2.3.4\"}", "found 'https://1.2.3.4', expected an address as http://"),
            ("health: {http: \"http://\"}", "found 'http://', expected an address as http://"),
            ("health: {http: \"http://:80/a b\"}", "expected an address as http://"),
            ("health: {command: []}", "expected a list of a program's path"),
            ("health: {tcp: \":1\", interval: 10}", "found '10', expected a time such as 10s"),
            ("health: {tcp: \":1\", timeout: 0s}", "found '0s', expected a time such as 5s"),
        ]
    )
    func refused(text: String, expected: String) {
        let error = #expect(throws: DefinitionError.self) {
            try read("services:\n- name: web\n  image: a\n  muster: {\(text)}\n")
        }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }

    @Test("onboot and onshutdown have their own keys")
    func sections() {
        for (section, key, expected) in [
            (
                "onboot", "restart: always",
                "found 'restart', expected only onFailure below 'muster' of an entry of onboot"
            ),
            (
                "onshutdown", "onFailure: halt",
                "found 'onFailure', expected nothing below 'muster' of an entry of onshutdown"
            ),
        ] {
            let error = #expect(throws: DefinitionError.self) {
                try read("\(section): [{name: a, image: a, muster: {\(key)}}]")
            }
            #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
        }
    }

    @Test("circles are found")
    func circles() {
        let error = #expect(throws: DefinitionError.self) {
            try read(
                """
                services:
                - {name: a, image: a, muster: {after: [b]}}
                - {name: b, image: a, muster: {after: [c]}}
                - {name: c, image: a, muster: {after: [b]}}
                """
            )
        }
        #expect(error?.problems.count == 2)
    }

    // MARK: In the tree

    /// What lies beside `runtime.json`, by container.
    private func files(_ definition: String, label: String? = nil) async throws -> [String: [UInt8]] {
        let images = try FixtureImages.machine()
        var tar = TarArchive()
        tar.add("bin/a", contents: [1], mode: 0o755)
        try images.add("a:1", tar, label: label)
        let data = try TemporaryDirectory()
        let request = try BuildRequest(definition.replacing("image: a", with: "image: \"a:1\""))
        let built = try await ImageBuilder(dataDirectory: data.path, source: images).build(request)
        var files: [String: [UInt8]] = [:]
        for placed in built.root.entries where placed.entry.path.description.hasSuffix("/muster.json") {
            guard case .file(let content) = placed.entry.kind, case .bytes(let bytes) = content.place else { continue }
            files[placed.entry.path.description] = bytes
        }
        return files
    }

    @Test("our init reads what is written for it")
    func written() async throws {
        let kernel = "kernel: {image: \"kernel:1\", ucode: microcode.cpio}\n"
        let files = try await files(kernel + Self.definition)
        #expect(
            files.keys.sorted() == [
                "containers/onboot/000-disk/muster.json", "containers/services/cache/muster.json",
                "containers/services/db/muster.json", "containers/services/web/muster.json",
            ]
        )
        func settings(_ path: String) throws -> Init.SupervisionSettings {
            try Init.SupervisionSettings(parsing: try #require(files["containers/\(path)/muster.json"]))
        }
        #expect(try settings("onboot/000-disk").onFailure == .halt)
        let web = try settings("services/web")
        #expect(web.restart == .onFailure)
        #expect(web.after == ["db"])
        #expect(web.health?.probe == .http(try HTTPAddress("http://127.0.0.1:8080/ready")))
        #expect(web.health?.interval == 90_000)
        let database = try settings("services/db")
        #expect(database.health?.probe == .command(["/bin/ready", "now"]))
        #expect(database.health?.timeout == 1000)
        #expect(try settings("services/cache").health?.probe == .tcp(try SocketAddress("10.0.0.1:6379")))
    }

    @Test("the label of an image says it too; what means nothing in a section stays away")
    func label() async throws {
        let files = try await files(
            """
            kernel: {image: "kernel:1", ucode: microcode.cpio}
            onboot: [{name: once, image: a}]
            services:
            - {name: web, image: a, muster: {restart: never}}
            """,
            label: #"{"muster": {"restart": "always", "health": {"tcp": ":80"}}}"#
        )
        #expect(Array(files.keys) == ["containers/services/web/muster.json"])
        let bytes = try #require(files["containers/services/web/muster.json"])
        let settings = try Init.SupervisionSettings(parsing: bytes)
        #expect(settings.restart == .never)
        #expect(settings.health?.probe == .tcp(try SocketAddress(":80")))
    }
}
