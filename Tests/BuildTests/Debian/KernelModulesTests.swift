import Foundation
import Testing

@testable import Build

@Suite("Kernel modules")
struct KernelModulesTests {
    @Test func loadAfterWhatTheyDependOn() throws {
        let root = try TemporaryDirectory()
        let directory = root.path("lib/modules/6.1.0/kernel")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for (name, depends) in [("net-a", "b,c_d"), ("b", "c_d"), ("c-d", ""), ("other", "")] {
            let info = "\u{7f}ELF\0license=GPL\0depends=\(depends)\0name=x\0"
            try Data(info.utf8).write(to: URL(filePath: "\(directory)/\(name).ko"))
        }
        let order = try KernelModules(below: root.path).loadOrder(of: ["net_a", "builtin", "b"])
        #expect(order.map { URL(filePath: $0).lastPathComponent } == ["c-d.ko", "b.ko", "net-a.ko"])
    }

    @Test func aPackageWithoutModulesIsNoKernel() throws {
        let root = try TemporaryDirectory()
        #expect(throws: BuildError.self) { try KernelModules(below: root.path) }
    }
}
