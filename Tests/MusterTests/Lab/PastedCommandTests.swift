import Testing

@testable import muster

@Suite("Commands that are printed to be pasted")
struct PastedCommandTests {
    @Test(
        "they name the program as it was called and the same data, from any directory",
        arguments: [
            (nil, nil, "muster", "muster lab down"),
            ("/tmp/x", nil, "muster", "muster lab down --data /tmp/x"),
            ("x", "site/my.yml", "muster", "muster lab down --data /home/me/x --config /home/me/site/my.yml"),
            ("it's here", nil, "muster", #"muster lab down --data '/home/me/it'\''s here'"#),
            ("/x", nil, ".build/debug/muster", "/home/me/.build/debug/muster lab down --data /x"),
        ] as [(String?, String?, String, String)]
    )
    func again(data: String?, file: String?, program: String, text: String) throws {
        var common = try CommonOptions.parse([])
        (common.data, common.file) = (data, file)
        #expect(common.again("lab down", program: program, in: "/home/me") == text)
    }
}
