import Testing

@testable import Init

@Suite("What the builder says of a root")
struct RootDescriptionTests {
    private static let digits = String(repeating: "ab", count: 32)

    @Test("with and without a tree")
    func read() throws {
        let plain = try RootDescription(
            parsing: Array(#"{"digest":"sha256:\#(Self.digits)","size":8192,"type":"erofs"}"#.utf8)
        )
        #expect(plain.digest == Self.digits && plain.size == 8192 && plain.kind == .erofs && plain.verity == nil)
        let whole = try RootDescription(
            parsing: Array(
                #"{"digest":"sha256:\#(Self.digits)","size":12288,"type":"squashfs","verity":{"hash":"sha256:\#(Self.digits)","offset":8192,"salt":"0f"}}"#
                    .utf8
            )
        )
        let verity = try #require(whole.verity)
        #expect(
            RootDescription.table(verity, device: "/dev/loop3")
                == "1 /dev/loop3 /dev/loop3 4096 4096 2 3 sha256 \(Self.digits) 0f"
        )
    }

    @Test(
        "what no builder wrote is refused",
        arguments: [
            "", "{}", #"{"digest":"sha256:00","size":1,"type":"squashfs"}"#,
            #"{"digest":"sha256:\#(digits)","size":0,"type":"squashfs"}"#,
            #"{"digest":"sha256:\#(digits)","size":9,"type":"ext4"}"#,
            #"{"digest":"sha256:\#(digits)","size":9999,"type":"erofs","verity":{"hash":"sha256:\#(digits)","offset":100,"salt":"00"}}"#,
            #"{"digest":"sha256:\#(digits)","size":4096,"type":"erofs","verity":{"hash":"sha256:\#(digits)","offset":4096,"salt":"00"}}"#,
            #"{"digest":"sha256:\#(digits)","size":9999,"type":"erofs","verity":{"hash":"sha256:\#(digits)","offset":4096,"salt":"0 x"}}"#,
        ]
    )
    func refused(text: String) {
        #expect(throws: InitError.self) { try RootDescription(parsing: Array(text.utf8)) }
    }
}
