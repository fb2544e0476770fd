import Build
import Testing

@testable import muster

@Suite("Configuration of registries")
struct RegistryConfigurationTests {
    @Test("mirrors, plain HTTP, authorities and credentials are read; nothing said is the defaults")
    func reading() throws {
        let registries = try ConfigurationTests.load(
            """
            registries:
              authorities: /etc/muster/ca.pem
              credentials: /etc/muster/docker.json
              hosts:
                - name: docker.io
                  mirrors: ["https://mirror.example.org", "http://10.0.0.1:5000/hub"]
                - { name: "lab.example.org:5000", plain: true }
            """
        ).configuration.registries
        #expect(registries.authorities == "/etc/muster/ca.pem" && registries.credentials == "/etc/muster/docker.json")
        #expect(registries.hosts["docker.io"]?.mirrors == ["https://mirror.example.org", "http://10.0.0.1:5000/hub"])
        #expect(
            registries.hosts["docker.io"]?.isPlain == nil && registries.hosts["lab.example.org:5000"]?.isPlain == true
        )
        #expect(try ConfigurationTests.load().configuration.registries == RegistryConfiguration())
    }

    @Test("the environment holds them too, as YAML in one line")
    func environment() throws {
        let registries = try ConfigurationTests.load(
            environment: ["MUSTER_REGISTRIES_HOSTS": "[{name: 'localhost:5000', plain: false}]"]
        ).configuration.registries
        #expect(registries.hosts == ["localhost:5000": .init(isPlain: false)])
    }

    @Test(
        "what is no registry is refused with its place",
        arguments: [
            ("hosts: docker.io", "muster.yml:2:10: registries.hosts: found 'docker.io', expected a list"),
            ("hosts: [{mirrors: []}]", "'name' is missing"),
            ("hosts: [{name: 'a b'}]", "expected a registry such as docker.io"),
            ("hosts: [{name: 'web'}]", "expected a registry such as docker.io"),
            ("hosts: [{name: docker.io}, {name: docker.io}]", "is there twice"),
            ("hosts: [{name: docker.io, mirrors: [mirror.example.org]}]", "expected a URL"),
            ("hosts: [{name: docker.io, plain: maybe}]", "expected true or false"),
            ("hosts: [{name: docker.io, tls: false}]", "unknown key 'tls'"),
            ("mirror: x", "unknown key 'mirror'"),
        ]
    )
    func refusals(_ text: String, _ reason: String) {
        let error = #expect(throws: ConfigurationError.self) { try ConfigurationTests.load("registries:\n  \(text)") }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
        #expect(error?.description.hasPrefix("muster.yml:2:") == true)
    }
}
