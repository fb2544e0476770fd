import Fleet
import Vocabulary

extension FleetControlPlane {
    public func record(_ note: AuditNote) async {
        await fleet.recordWrite(by: note.caller.name, note.sentence, reason: note.caller.reason)
    }

    public func recordRefusal(of who: String, _ sentence: String) async {
        await fleet.recordRefusal(of: who, sentence)
    }

    public func tokens() throws -> [TokenView] {
        let now = Moment.now().wall
        return try tokenFile.tokens().map { TokenView($0, at: now) }
    }

    public func createToken(_ request: TokenRequest) throws -> NewToken {
        let now = Moment.now().wall
        let (token, secret) = try tokenFile.create(request, at: now)
        return NewToken(token: TokenView(token, at: now), secret: secret)
    }

    public func removeToken(named name: String) throws -> CommandReport {
        try tokenFile.remove(named: name)
        return CommandReport(done: ["the token \(name) is removed"])
    }
}
