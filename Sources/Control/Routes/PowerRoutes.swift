/// What people do to machines beside rolls.
extension ControlRoutes {
    var power: [Route] {
        [
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
