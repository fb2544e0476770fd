import Foundation
import Testing
import Vocabulary

@testable import Build

@Suite("Credentials and challenges")
struct RegistryCredentialsTests {
    let scratch: TemporaryDirectory

    init() throws { scratch = try TemporaryDirectory() }

    private func credentials(_ json: String) throws -> RegistryCredentials {
        _ = try scratch.file("config.json", Array(json.utf8))
        let path = "\(scratch.path):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
        return try RegistryCredentials(path: nil, environment: ["DOCKER_CONFIG": scratch.path, "PATH": path])
    }

    private func helper(_ name: String, _ script: String) throws {
        _ = try scratch.file("docker-credential-\(name)", Array("#!/bin/sh\n\(script)\n".utf8))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755],
            ofItemAtPath: scratch.path("docker-credential-\(name)")
        )
    }

    @Test("Entries are found under all the names that docker login gives a registry")
    func entries() async throws {
        let auth = Data("anna:pass:word".utf8).base64EncodedString()
        let expected = RegistryCredential.password(user: "anna", password: "pass:word")
        for (key, registry) in [
            ("https://index.docker.io/v1/", "docker.io"), ("localhost:5000", "localhost:5000"),
            ("https://reg.example.org", "reg.example.org"), ("http://reg.example.org/v2/", "reg.example.org"),
        ] {
            let found = try credentials(#"{"auths":{"\#(key)":{"auth":"\#(auth)"}},"other":[1]}"#)
            #expect(try await found.credential(for: registry) == expected)
            #expect(try await found.credential(for: "elsewhere.example.org") == nil)
        }
        let token = try credentials(#"{"auths":{"r.io":{"auth":"","identitytoken":"t"}}}"#)
        #expect(try await token.credential(for: "r.io") == .identityToken("t"))
        let none = try RegistryCredentials(path: scratch.path("nothing.json"))
        #expect(try await none.credential(for: "r.io") == nil)
    }

    @Test("Credential helpers are asked for the registry by its name, and say so when they know none")
    func helpers() async throws {
        try helper("test", #"read name; [ "$1" = get ] && echo "{\"Username\":\"$name\",\"Secret\":\"s\"}""#)
        try helper("token", #"echo '{"Username":"<token>","Secret":"t"}'"#)
        try helper("empty", "echo 'credentials not found in native keychain'; exit 1")
        try helper("broken", "echo 'the keychain is locked'; exit 1")
        let one = try credentials(#"{"credHelpers":{"a.io":"test","b.io":"token"},"credsStore":"empty"}"#)
        #expect(try await one.credential(for: "a.io") == .password(user: "a.io", password: "s"))
        #expect(try await one.credential(for: "b.io") == .identityToken("t"))
        #expect(try await one.credential(for: "c.io") == nil)
        let broken = try credentials(#"{"credsStore":"broken"}"#)
        #expect(await refusal { _ = try await broken.credential(for: "a.io") }?.message.contains("locked") == true)
        let absent = try credentials(#"{"credsStore":"absent"}"#)
        let error = await refusal { _ = try await absent.credential(for: "a.io") }
        #expect(error?.message.contains("docker-credential-absent, which is not installed") == true)
        let path = try credentials(#"{"credsStore":"../x"}"#)
        #expect(await refusal { _ = try await path.credential(for: "a.io") } != nil)
    }

    @Test("A damaged file or entry is named")
    func damage() async throws {
        #expect(await refusal { _ = try credentials("{") }?.message.contains("config.json") == true)
        let bad = try credentials(#"{"auths":{"r.io":{"auth":"%%%"}}}"#)
        #expect(await refusal { _ = try await bad.credential(for: "r.io") }?.message.contains("r.io") == true)
    }

    @Test("Challenges are read with their quotes, and a token is preferred")
    func challenges() {
        let header = #"Bearer realm="https://auth.example.org/token?a=b",service="a, \"b\"",scope=repository:x:pull"#
        let expected = RegistryChallenge.bearer(
            realm: "https://auth.example.org/token?a=b",
            service: #"a, "b""#,
            scope: "repository:x:pull"
        )
        #expect(RegistryChallenge.best(of: [#"Basic realm="x""#, header]) == expected)
        #expect(RegistryChallenge.best(of: ["basic"]) == .basic)
        #expect(RegistryChallenge.best(of: ["Negotiate", "Bearer", ""]) == nil)
        for length in 0...header.utf8.count { _ = RegistryChallenge(String(header.prefix(length))) }
    }

    @Test("Loopback is plain, everything else is TLS unless it is said")
    func endpoints() {
        var configuration = RegistryConfiguration()
        func url(_ registry: String) -> String { RegistryEndpoint.all(of: registry, configuration).last!.url }
        #expect(url("docker.io") == "https://registry-1.docker.io")
        #expect(url("localhost:5000") == "http://localhost:5000" && url("127.0.0.9:1") == "http://127.0.0.9:1")
        #expect(url("[::1]:5000") == "http://[::1]:5000" && url("127.evil.org") == "https://127.evil.org")
        configuration.hosts["lab:5000"] = .init(isPlain: true)
        configuration.hosts["localhost"] = .init(mirrors: ["https://m.example.org/x/"], isPlain: false)
        #expect(url("lab:5000") == "http://lab:5000" && url("localhost") == "https://localhost")
        let mirror = RegistryEndpoint.all(of: "localhost", configuration)[0]
        #expect(mirror.url == "https://m.example.org/x" && mirror.name == "m.example.org")
    }
}
