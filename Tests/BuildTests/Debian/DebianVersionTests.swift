import Testing

@testable import Build

@Suite("Debian versions")
struct DebianVersionTests {
    @Test(arguments: [
        ("1.0", "1.1"), ("1.9", "1.10"), ("1.0~rc1", "1.0"), ("1.0~~", "1.0~"), ("1.0", "1.0-1"), ("2.0", "1:1.0"),
        ("1.0-1", "1.0-2"), ("1.0a", "1.0b"), ("1.0a", "1.0+"), ("1.0", "1.0a"), ("1.0-1~deb12u1", "1.0-1"),
        ("1.21.1+git20250501.dad20602+dfsg-1", "2.0"), ("1.0.0+git-20190125.36a4c85-5.1", "2.0"),
        ("2.0", "2.0.0+dfsg-5"), ("1+2.06+13+deb12u1", "1+2.06+13+deb12u2"),
    ])
    func sortAsDpkgSortsThem(lower: String, higher: String) async throws {
        #expect(DebianVersion(lower) < DebianVersion(higher))
        #expect(DebianVersion(higher) > DebianVersion(lower))
        try await HostProgram.run("dpkg", ["--compare-versions", lower, "lt", higher])
    }

    @Test(arguments: [("1.0", "1.0"), ("1.00", "1.0"), ("0:1.0", "1.0"), ("1.0-0", "1.0")])
    func areEqualHoweverSpelled(a: String, b: String) async throws {
        #expect(DebianVersion(a) == DebianVersion(b))
        #expect(DebianVersion(a).hashValue == DebianVersion(b).hashValue)
        try await HostProgram.run("dpkg", ["--compare-versions", a, "eq", b])
    }
}
