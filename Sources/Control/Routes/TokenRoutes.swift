extension ControlRoutes {
    var tokens: [Route] {
        [
            .get("/v1/tokens", "Tokens for TCP, by name.", role: .admin) { _ in try await plane.tokens() },
            .post("/v1/tokens", "Make a token; its secret is shown once.", role: .admin, takes: TokenRequest.self) {
                try await plane.createToken($1)
            },
            .change(.delete, "/v1/tokens/{name}", "Remove a token.", role: .admin) { call in
                try await plane.removeToken(named: call.parameter("name"))
            },
        ]
    }
}
