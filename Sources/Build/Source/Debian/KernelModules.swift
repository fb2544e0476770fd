import Foundation
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// The loadable modules of an unpacked kernel package, and the order in which to load some of them.
///
/// A package has no `modules.dep` (depmod makes that on the machine), so the dependencies are read where depmod reads
/// them: from `depends=` in each module's `.modinfo`, a list of NUL-terminated `key=value` strings (modpost writes it).
package struct KernelModules {
    /// Module name, with underscores → file.
    private let files: [String: String]

    /// - Parameter root: where the package was unpacked; the modules lie below its `lib/modules`.
    package init(below root: String) throws {
        let directory = root + "/lib/modules"
        let paths = FileManager.default.subpaths(atPath: directory) ?? []
        var files: [String: String] = [:]
        for path in paths where path.hasSuffix(".ko") {
            let file = path.split(separator: "/").last ?? ""
            files[Self.canonical(file.dropLast(3))] = "\(directory)/\(path)"
        }
        guard !files.isEmpty else {
            throw BuildError(.notFound, "there are no uncompressed kernel modules below \(directory)")
        }
        self.files = files
    }

    /// The files of `names` and of all that they depend on, dependencies first. Names that are no module are taken to be
    /// built into the kernel and left out.
    package func loadOrder(of names: [String]) throws -> [String] {
        var order: [String] = []
        var seen: Set<String> = []
        func visit(_ name: String) throws {
            let name = Self.canonical(name[...])
            guard seen.insert(name).inserted, let file = files[name] else { return }
            for dependency in Self.dependencies(inModule: try Data(contentsOf: URL(filePath: file))) {
                try visit(dependency)
            }
            order.append(file)
        }
        for name in names { try visit(name) }
        return order
    }

    /// The names after `depends=` in a module's bytes.
    static func dependencies(inModule bytes: Data) -> [String] {
        bytes.withUnsafeBytes { dependencies(inModule: $0) }
    }

    static func dependencies(inModule bytes: UnsafeRawBufferPointer) -> [String] {
        // Every string of .modinfo but the first follows a NUL; `depends` is never the first (`license` or `version` is).
        let key = Array("\0depends=".utf8)
        var rest = bytes[...]
        while let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress,
            let found = memchr(start, CInt(UInt8(ascii: "=")), rest.count)
        {
            let end = bytes.startIndex + (UnsafeRawPointer(found) - bytes.baseAddress!) + 1
            rest = bytes[end...]
            guard bytes[..<end].suffix(key.count).elementsEqual(key) else { continue }
            let value = rest.prefix { $0 != 0 }
            return value.split(separator: UInt8(ascii: ",")).map { String(decoding: $0, as: UTF8.self) }
        }
        return []
    }

    /// Modules are named with underscores wherever their files have dashes.
    static func canonical(_ name: some StringProtocol) -> String {
        String(name.map { $0 == "-" ? "_" : $0 })
    }
}
