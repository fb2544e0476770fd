import Vocabulary

/// Collects the package databases of an image, wherever in it a root has one, and says what is installed.
///
/// dpkg: `var/lib/dpkg/status`, and `status.d/*` of images without dpkg (Debian policy 5, deb-control(5)). apk:
/// `lib/apk/db/installed`, `usr/lib/apk/db/installed` in newer ones (apk-package(5)).
struct PackageDatabases {
    /// A larger file is no database, in bytes: Debian's status with everything installed has about 100 MiB.
    static let largest = 128 << 20

    private enum File: Hashable {
        case dpkg
        case apk
        case release
    }

    private static let places: [(suffix: [UInt8], file: File)] = [
        (Array("var/lib/dpkg/status".utf8), .dpkg),
        (Array("lib/apk/db/installed".utf8), .apk),
        (Array("etc/os-release".utf8), .release),
        (Array("usr/lib/os-release".utf8), .release),
    ]

    private var files: [BytePath: (root: BytePath, file: File, bytes: [UInt8])] = [:]

    /// Whether `add` wants the file with that path.
    static func holds(_ path: BytePath) -> Bool { place(path) != nil }

    private static func place(_ path: BytePath) -> (root: BytePath, file: File)? {
        func root(before suffix: [UInt8]) -> BytePath? {
            guard path.bytes.count >= suffix.count, path.bytes.suffix(suffix.count).elementsEqual(suffix) else {
                return nil
            }
            let rest = path.bytes.dropLast(suffix.count)
            return rest.isEmpty ? "" : rest.last == UInt8(ascii: "/") ? BytePath(rest.dropLast()) : nil
        }
        for (suffix, file) in places {
            guard var root = root(before: suffix) else { continue }
            // Where lib is a link to usr/lib the database lies there, and os-release lies in both.
            let usr = Array("usr".utf8)
            let isUnderUsr = root.bytes == usr || root.bytes.suffix(4).elementsEqual("/usr".utf8)
            if file == .apk, isUnderUsr { root = BytePath(root.bytes.dropLast(min(4, root.bytes.count))) }
            return (root, file)
        }
        guard let slash = path.bytes.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        // Beside each NAME there may be a NAME.md5sums.
        let name = path.bytes[(slash + 1)...]
        guard !name.suffix(8).elementsEqual(".md5sums".utf8) else { return nil }
        let directory = Array("var/lib/dpkg/status.d".utf8)
        guard path.bytes[..<slash].suffix(directory.count).elementsEqual(directory) else { return nil }
        let rest = path.bytes[..<(slash - directory.count)]
        return rest.isEmpty ? ("", .dpkg) : rest.last == UInt8(ascii: "/") ? (BytePath(rest.dropLast()), .dpkg) : nil
    }

    mutating func add(_ path: BytePath, _ bytes: [UInt8]) {
        guard let (root, file) = Self.place(path) else { return }
        files[path] = (root, file, bytes)
    }

    /// By root, name, architecture and version.
    var packages: [InstalledPackage] {
        var distributions: [BytePath: String] = [:]
        for (_, file) in files.sorted(by: { $0.key < $1.key }) where file.file == .release {
            distributions[file.root] = distributions[file.root] ?? Self.distribution(file.bytes)
        }
        var packages: Set<InstalledPackage> = []
        for file in files.values where file.file != .release {
            for stanza in Self.stanzas(file.bytes) {
                guard var package = file.file == .dpkg ? Self.debian(stanza) : Self.alpine(stanza) else { continue }
                package.root = file.root
                package.distribution = distributions[file.root]
                packages.insert(package)
            }
        }
        return packages.sorted {
            ($0.root, $0.name, $0.architecture, $0.version) < ($1.root, $1.name, $1.architecture, $1.version)
        }
    }

    private static func debian(_ stanza: [String: String]) -> InstalledPackage? {
        guard let name = stanza["Package"], let version = stanza["Version"] else { return nil }
        // In status.d nothing says how it stands: what lies there is installed.
        if let status = stanza["Status"], !status.hasSuffix(" installed") { return nil }
        return InstalledPackage(
            kind: .deb,
            root: "",
            name: name,
            version: version,
            architecture: stanza["Architecture"] ?? "",
            source: stanza["Source"].flatMap { $0.split(separator: " ").first.map(String.init) }
        )
    }

    private static func alpine(_ stanza: [String: String]) -> InstalledPackage? {
        guard let name = stanza["P"], let version = stanza["V"] else { return nil }
        return InstalledPackage(
            kind: .apk,
            root: "",
            name: name,
            version: version,
            architecture: stanza["A"] ?? "",
            source: stanza["o"].flatMap { $0 == name ? nil : $0 },
            license: stanza["L"]
        )
    }

    /// Fields by name of each paragraph; of a field in several lines the first one.
    static func stanzas(_ bytes: [UInt8]) -> [[String: String]] {
        var stanzas: [[String: String]] = [[:]]
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            guard let first = line.first else {
                stanzas.append([:])
                continue
            }
            guard first != UInt8(ascii: " "), first != UInt8(ascii: "\t") else { continue }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = String(decoding: line[..<colon], as: UTF8.self)
            var value = line[(colon + 1)...].drop { $0 == UInt8(ascii: " ") }
            while let last = value.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\r") { value.removeLast() }
            let stanza = stanzas.count - 1
            if stanzas[stanza][name] == nil { stanzas[stanza][name] = String(decoding: value, as: UTF8.self) }
        }
        return stanzas
    }

    /// `ID=` of an os-release (os-release(5)).
    private static func distribution(_ bytes: [UInt8]) -> String? {
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.starts(with: "ID=".utf8) {
            let value = line.dropFirst(3).filter { !"\"'\r".utf8.contains($0) }
            return value.isEmpty ? nil : String(decoding: value, as: UTF8.self)
        }
        return nil
    }
}
