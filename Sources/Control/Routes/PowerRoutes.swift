import Fleet

/// What people do to machines beside rolls.
extension ControlRoutes {
    var power: [Route] {
        [
            Route(
                .post,
                "/v1/power",
                "Switch machines on or off, have them reboot, or ask how they are.",
                role: .operator,
                request: PowerRequest.self,
                answer: .json([PowerResult].self)
            ) { call in
                let ask: PowerRequest = try await call.decode()
                // To ask changes nothing.
                guard ask.action != .status else { return try call.json(await plane.power(ask)) }
                return try await call.audited("\(ask.action.rawValue) \(ask.machines.auditSubject)") {
                    try call.json(await plane.power(ask))
                }
            },
            .post("/v1/pin", "Have machines keep an image.", takes: PinRequest.self) { _, ask in
                try await plane.pin(ask)
            },
            .post("/v1/unpin", "Let rolls have machines again.", takes: UnpinRequest.self) { _, ask in
                try await plane.unpin(ask)
            },
            .post("/v1/rescue", "Give machines the rescue image.", takes: RescueRequest.self) { _, ask in
                try await plane.rescue(ask)
            },
        ]
    }
}
