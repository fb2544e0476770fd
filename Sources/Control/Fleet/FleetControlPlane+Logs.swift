import Fleet

extension FleetControlPlane {
    public func logs(of name: String, _ question: LogQuestion) async throws -> LogLines {
        guard let machine = known(name) else { throw noMachine(name) }
        return try await explaining { try await fleet.logs(of: machine.name, question) }
    }
}
