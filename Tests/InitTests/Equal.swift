import Testing

/// Expects a value that is had by a mutating call, which `#expect` does not take.
func equal<Value: Equatable>(_ value: Value, _ expected: Value, at place: SourceLocation = #_sourceLocation) {
    #expect(value == expected, sourceLocation: place)
}
