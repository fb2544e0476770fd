import Vocabulary

/// The layers of an image, one over the other (OCI image specification 1.1, layer).
extension FileTree {
    /// Lays `layer` over what is there: first what its whiteouts hide of the layers below, then its own entries.
    func lay(_ layer: LayerTable, part: Int) throws(BuildError) {
        for entry in layer.entries {
            guard let whiteout = Whiteout(entry.path) else { continue }
            switch whiteout {
            case .path(let path): try remove(path)
            case .contents(let directory):
                forgetLast()
                try find(directory)?.children = [:]
            }
        }
        for entry in layer.entries where !Whiteout.isMark(entry.path) { try put(entry, part: part) }
    }
}

/// A name in a layer that hides something of the layers below.
enum Whiteout: Hashable {
    /// `.wh.NAME` hides NAME.
    case path(BytePath)
    /// `.wh..wh..opq` hides everything in its directory.
    case contents(of: BytePath)

    private static let prefix = Array(".wh.".utf8)
    private static let opaque = Array(".wh..wh..opq".utf8)

    /// Whether a path is no file's, but a mark for whoever unpacks the layer.
    static func isMark(_ path: BytePath) -> Bool {
        let slash = path.bytes.lastIndex(of: UInt8(ascii: "/"))
        return path.bytes[(slash.map { $0 + 1 } ?? 0)...].starts(with: prefix)
    }

    /// nil for a name that hides nothing. Other names that begin with `.wh..wh.` are a file system's own notes; they
    /// hide nothing that there is.
    init?(_ path: BytePath) {
        let slash = path.bytes.lastIndex(of: UInt8(ascii: "/"))
        let name = path.bytes[(slash.map { $0 + 1 } ?? 0)...]
        guard name.starts(with: Self.prefix) else { return nil }
        let directory = slash.map { Array(path.bytes[..<$0]) } ?? []
        if name.elementsEqual(Self.opaque) {
            self = .contents(of: BytePath(directory))
        } else {
            let hidden = name.dropFirst(Self.prefix.count)
            // Names of nothing, which would hide the directory that they stand in.
            guard !hidden.isEmpty, !hidden.elementsEqual(".".utf8), !hidden.elementsEqual("..".utf8) else { return nil }
            self = .path(BytePath(directory.isEmpty ? Array(hidden) : directory + [UInt8(ascii: "/")] + hidden))
        }
    }
}
