import Build
import PXE
import Synchronization
import Vocabulary

/// The boot loaders that are served, by file name.
///
/// The names are those of files that were found on this host (`Build.Loaders`), never of a request: what is not in the
/// table does not exist, and no path is ever made of what a machine sent. When one is asked for that is not there, the
/// operator's own directory is looked through again: what was put into it is served without a reload.
public final class LoaderCatalogue: Sendable {
    private let files = OpenFileCache(limit: 64)
    private let table: Mutex<Table>
    private let own: @Sendable () -> [LoaderFile]

    private struct Table {
        var loaders: [String: LoaderFile]
        var looked = Duration.zero
    }

    /// Between two looks for what is not there: a machine may ask as often as it likes.
    private static let interval = Duration.seconds(1)

    /// - Parameter own: lists the operator's own.
    public init(_ loaders: [LoaderFile] = [], own: @escaping @Sendable () -> [LoaderFile] = { [] }) {
        table = Mutex(Table(loaders: Self.byName(loaders)))
        self.own = own
    }

    /// Serves these from now on and nothing else; what is being sent keeps its bytes.
    public func replace(with loaders: [LoaderFile]) {
        let named = Self.byName(loaders)
        table.withLock { $0.loaders = named }
        files.removeAll()
    }

    /// Everything that is served, by name.
    public var loaders: [LoaderFile] { table.withLock { Array($0.loaders.values) }.sorted { $0.name < $1.name } }

    /// The loader of that name; nil when there is none.
    /// - Throws: when the file that was found cannot be opened.
    func content(_ name: String) throws(OpenFile.Failure) -> Content? {
        guard let loader = loader(name) else { return nil }
        let file = try files.open(loader.path)
        return Content(
            pieces: [.file(file, range: 0..<file.length)],
            digest: nil,
            mediaType: MediaType.ofFile(named: name),
            isImmutable: false
        )
    }

    private func loader(_ name: String) -> LoaderFile? {
        let now = Moment.now().uptime
        let (found, isDue) = table.withLock { table in
            if let found = table.loaders[name] { return (found as LoaderFile?, false) }
            guard now - table.looked >= Self.interval else { return (nil, false) }
            table.looked = now
            return (nil, true)
        }
        guard isDue else { return found }
        let named = Self.byName(own())
        return table.withLock { table in
            table.loaders.merge(named) { known, _ in known }
            return table.loaders[name]
        }
    }

    /// Of several files with one name the first.
    private static func byName(_ loaders: [LoaderFile]) -> [String: LoaderFile] {
        Dictionary(loaders.map { ($0.name, $0) }) { first, _ in first }
    }
}
