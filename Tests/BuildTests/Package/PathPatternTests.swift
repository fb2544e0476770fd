import Testing
import Vocabulary

@testable import Build

@Suite("Paths with wildcards")
struct PathPatternTests {
    @Test(arguments: [
        ("usr/sbin/nginx", "usr/sbin/nginx", true), ("./usr//sbin/nginx", "usr/sbin/nginx", true),
        ("usr/sbin", "usr/sbin/nginx", true), ("usr/sbin/nginx", "usr/sbin", false),
        ("usr/sbin/n*", "usr/sbin/nginx", true), ("usr/*/nginx", "usr/sbin/nginx", true),
        ("usr/*", "usr/sbin/nginx", true), ("*/nginx", "usr/sbin/nginx", false),
        ("**/nginx", "usr/sbin/nginx", true), ("**/nginx", "nginx", true), ("usr/**", "usr", false),
        ("usr/**", "usr/sbin/nginx", true), ("usr/**/x/*.so", "usr/lib/y/x/a.so", true),
        ("boot/vmlinuz-[0-9]*", "boot/vmlinuz-6.1", true), ("boot/vmlinuz-[0-9]*", "boot/vmlinuz-x", false),
        ("usr/sbin/ngin?", "usr/sbin/nginx", true), ("usr/sbinx", "usr/sbin", false),
    ])
    func match(pattern: String, path: BytePath, expected: Bool) throws {
        #expect(try #require(PathPattern(pattern)).matches(path) == expected)
    }

    @Test(arguments: ["", "/", "..", "usr/../etc", "a\0b", "."])
    func thatLeaveTheRootAreNone(text: String) {
        #expect(PathPattern(text) == nil)
    }
}
