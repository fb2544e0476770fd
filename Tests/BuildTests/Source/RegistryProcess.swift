import Foundation
import Testing

@testable import Build

/// Debian's docker-registry on a loopback port of the kernel's choice, ended with the test.
final class RegistryProcess: @unchecked Sendable {
    /// `127.0.0.1:40123`
    let address: String
    // Guarded by nothing: started in `init` and ended in `deinit`, looked at nowhere else.
    private let process = Process()
    private let scratch: TemporaryDirectory

    /// The user and the password of a registry that asks for them.
    static let user = "muster"
    static let password = "secret"
    /// bcrypt with the lowest cost, as `htpasswd -B -C 4` writes it.
    private static let passwordFile = "muster:$2y$04$OySGOlvfbDedAO5J/c2.W.h9KzZ1h0IhsTaTt9IQs191JYjhtRHsC\n"

    /// A certificate for 127.0.0.1 and its key, and the authority that signed it: PEM files.
    struct Certificate {
        var certificate: String
        var key: String
        var authority: String

        init(in directory: TemporaryDirectory) async throws {
            authority = directory.path("authority.pem")
            certificate = directory.path("certificate.pem")
            key = directory.path("key.pem")
            let options = [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            ]
            let authorityKey = directory.path("authority.key")
            try await HostProgram.run(
                "openssl",
                options + ["-subj", "/CN=our authority", "-keyout", authorityKey, "-out", authority]
            )
            try await HostProgram.run(
                "openssl",
                options + [
                    "-subj", "/CN=registry", "-addext", "subjectAltName=IP:127.0.0.1", "-addext",
                    "basicConstraints=critical,CA:FALSE", "-CA", authority, "-CAkey", authorityKey, "-keyout", key,
                    "-out", certificate,
                ]
            )
        }
    }

    init(isProtected: Bool = false, certificate: Certificate? = nil) throws {
        scratch = try TemporaryDirectory()
        var settings = """
            version: 0.1
            log: {level: info, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: "\(scratch.path("storage"))"}}
            http:
              addr: "127.0.0.1:0"

            """
        if let certificate {
            settings += "  tls: {certificate: \"\(certificate.certificate)\", key: \"\(certificate.key)\"}\n"
        }
        if isProtected {
            try Data(Self.passwordFile.utf8).write(to: URL(filePath: scratch.path("htpasswd")))
            settings += "auth: {htpasswd: {realm: test, path: \"\(scratch.path("htpasswd"))\"}}\n"
        }
        try Data(settings.utf8).write(to: URL(filePath: scratch.path("config.yml")))
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/setpriv")
        // Gone with this process however it ends.
        process.arguments = ["--pdeathsig", "KILL", "docker-registry", "serve", scratch.path("config.yml")]
        process.standardError = output
        process.standardOutput = output
        try process.run()
        var text = ""
        let mark = "listening on 127.0.0.1:"
        while true {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else {
                throw BuildError(.unavailable, "docker-registry ended: \(text)")
            }
            text += String(decoding: data, as: UTF8.self)
            if let found = text.firstRange(of: mark) {
                let rest = text[found.upperBound...]
                let port = rest.prefix { $0.isNumber }
                if port.count < rest.count {
                    address = "127.0.0.1:\(port)"
                    break
                }
            }
        }
        // It may go on talking.
        output.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }

    /// Copies an image into it with skopeo.
    func fill(from source: String, as name: String, isProtected: Bool = false) async throws {
        var arguments = ["--insecure-policy", "copy", "--quiet", "--all", "--dest-tls-verify=false"]
        if isProtected { arguments += ["--dest-creds", "\(Self.user):\(Self.password)"] }
        try await HostProgram.run("skopeo", arguments + [source, "docker://\(address)/\(name)"])
    }
}
