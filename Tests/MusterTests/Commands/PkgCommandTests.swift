import Foundation
import Testing

@Suite("muster pkg", .blocking)
struct PkgCommandTests {
    private let scratch: TemporaryDirectory
    private var data: [String] { ["--data", scratch.path + "/data"] }

    init() throws { scratch = try TemporaryDirectory() }

    @Test("makes an image that muster build finds, and names itself where it is missing")
    func build() throws {
        try scratch.file("package.yml", "image: greeting\nfiles: [{path: kernel, source: greeting.txt}]\n")
        try scratch.file("greeting.txt", "hello")
        try scratch.file("web.yml", "kernel: {image: localhost/greeting, tar: none}\n")
        let definition = ["build", scratch.path + "/web.yml", "--dir", scratch.path] + data
        let missing = try ExecutableUnderTest.run(definition)
        #expect(missing.status == 1)
        #expect(missing.errors.contains("make it with `muster pkg build boot/images/greeting --arch "))

        let built = try ExecutableUnderTest.run(["pkg", "build", scratch.path, "--arch", "arm64"] + data)
        #expect(built.status == 0, "\(built.errors)")
        #expect(built.output.hasPrefix("localhost/greeting:latest (arm64): sha256:"))
        #expect(built.output.contains("unpacked, 0 packages"))
        let json = try ExecutableUnderTest.run(["pkg", "build", scratch.path, "--arch", "arm64", "--json"] + data)
        let list = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
        #expect(list.count == 1 && built.output.contains(list[0]["digest"] as? String ?? "none"))

        let found = try ExecutableUnderTest.run(definition + ["--arch", "arm64"])
        #expect(found.status == 0, "\(found.errors)")
        #expect(try String(contentsOfFile: scratch.path + "/web-kernel", encoding: .utf8) == "hello")
    }

    @Test("says what is wrong with a recipe as editors read it")
    func problems() throws {
        try scratch.file("package.yml", "image: greeting\nfile: []\n")
        let result = try ExecutableUnderTest.run(["pkg", "build", scratch.path] + data)
        #expect(result.status == 1)
        #expect(result.errors.hasPrefix("\(scratch.path)/package.yml:2:1: found unknown key 'file'"))
        let none = try ExecutableUnderTest.run(["pkg", "build", scratch.path + "/none"] + data)
        #expect(none.status == 1 && none.errors.contains("there is no recipe in"))
    }

    @Test(
        "refuses what is no such command line",
        arguments: [["pkg", "build"], ["pkg", "build", "x", "--arch", "vax"], ["pkg", "make", "x"]]
    )
    func usage(arguments: [String]) throws {
        #expect(try ExecutableUnderTest.run(arguments + data).status == 64)
    }
}
