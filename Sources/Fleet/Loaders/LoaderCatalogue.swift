import Build
import PXE
import Synchronization
import Vocabulary

/// The boot loaders that are served, by file name.
///
/// The names are those of files that were found on this host (`Build.Loaders`), never of a request: what is not in the
/// table does not exist, and no path is ever made of what a machine sent.
public final class LoaderCatalogue: Sendable {
    private let files = OpenFileCache(limit: 64)
    private let table: Mutex<[String: LoaderFile]>

    public init(_ loaders: [LoaderFile] = []) {
        table = Mutex(Self.byName(loaders))
    }

    /// Serves these from now on and nothing else; what is being sent keeps its bytes.
    public func replace(with loaders: [LoaderFile]) {
        let named = Self.byName(loaders)
        table.withLock { $0 = named }
        files.removeAll()
    }

    /// Everything that is served, by name.
    public var loaders: [LoaderFile] { table.withLock { Array($0.values) }.sorted { $0.name < $1.name } }

    /// The loader of that name; nil when there is none.
    /// - Throws: when the file that was found cannot be opened.
    func content(_ name: String) throws(OpenFile.Failure) -> Content? {
        guard let loader = table.withLock({ $0[name] }) else { return nil }
        let file = try files.open(loader.path)
        return Content(
            pieces: [.file(file, range: 0..<file.length)],
            digest: nil,
            mediaType: MediaType.ofFile(named: name),
            isImmutable: false
        )
    }

    /// Of several files with one name the first.
    private static func byName(_ loaders: [LoaderFile]) -> [String: LoaderFile] {
        Dictionary(loaders.map { ($0.name, $0) }) { first, _ in first }
    }
}
