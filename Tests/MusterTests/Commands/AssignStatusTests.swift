import Foundation
import Testing

@Suite("The exit status of muster assign", .blocking)
struct AssignStatusTests {
    /// A server that knows `n1`, and two profiles: `web`, whose image there is, and `bare`, whose image there is not.
    private func server() throws -> RunningServe {
        let server = try RunningServe()
        let kernel = try server.directory.file("kernel", String(repeating: "k", count: 4096)).path
        let imported = try server.muster("image", "import", "--name", "web", "--kernel", kernel)
        #expect(imported.status == 0, "\(imported.errors)")
        let resources = try server.directory.file(
            "resources.yml",
            """
            kind: Profile
            name: web
            image: web
            ---
            kind: Profile
            name: bare
            image: nothing
            ---
            kind: Machine
            name: n1
            macs: [52:54:00:00:00:01]
            labels: { rack: r1 }
            """
        )
        let applied = try server.muster("apply", "-f", resources.path)
        #expect(applied.status == 0, "\(applied.errors)")
        return server
    }

    @Test("0 when it is staged or granted, 2 when --now granted not all, 1 when nothing is meant")
    func statuses() throws {
        let server = try server()
        for (arguments, status, said) in [
            (["web", "n1", "--now"], 0, "gets web@"),
            (["web", "-l", "rack=r1"], 0, "gets web@"),
            (["bare", "n1", "--now"], 2, "gets nothing"),
            (["bare", "-l", "rack=r1", "--now", "--json"], 2, "\"lacking\" : ["),
            (["bare", "n1"], 0, "gets nothing"),
            (["web", "-l", "rack=r2"], 1, "no machine has the labels 'rack=r2'"),
            (["web", "n9"], 1, "there is no machine 'n9'"),
            (["none", "n1"], 1, "the profile 'none', which does not exist"),
        ] as [([String], Int32, String)] {
            let result = try ExecutableUnderTest.run(["assign"] + arguments + ["--data", server.data])
            #expect(result.status == status, "\(arguments): \(result.output)\(result.errors)")
            #expect((result.output + result.errors).contains(said), "\(arguments): \(result.output)\(result.errors)")
        }
    }
}
