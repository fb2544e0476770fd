import Control
import Foundation
import Testing

/// A certificate for 127.0.0.1 that vouches for itself, and its key, as files.
enum CertificateFiles {
    static func make(in directory: String) throws -> ControlServer.Configuration.TLS {
        let files = ControlServer.Configuration.TLS(certificate: directory + "/cert.pem", key: directory + "/key.pem")
        let made = try Command.run(
            "/usr/bin/openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=boot",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-days",
            "2",
            "-keyout",
            files.key,
            "-out",
            files.certificate
        )
        try #require(made.status == 0, "\(made.output)")
        return files
    }
}
