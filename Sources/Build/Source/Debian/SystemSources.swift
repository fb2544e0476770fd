import Foundation

/// The system's own apt sources, read and never written.
enum SystemSources {
    /// The entries of `sources.list` and of the files beside it, in apt's order.
    static func read(directory: String = "/etc/apt") -> [AptSource] {
        let parts = directory + "/sources.list.d"
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: parts)) ?? []).sorted()
        var sources = text(of: directory + "/sources.list").map(AptSource.parse(list:)) ?? []
        for name in names {
            guard let text = text(of: "\(parts)/\(name)") else { continue }
            if name.hasSuffix(".list") { sources += AptSource.parse(list: text) }
            if name.hasSuffix(".sources") { sources += AptSource.parse(deb822: text) }
        }
        return sources
    }

    private static func text(of path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
