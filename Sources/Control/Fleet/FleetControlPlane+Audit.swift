import Fleet

extension FleetControlPlane {
    public func record(_ note: AuditNote) {
        fleet.recordWrite(by: note.caller.name, note.sentence, reason: note.caller.reason)
    }
}
