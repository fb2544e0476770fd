import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// The six templates: three kinds of script in two dialects.
public struct ScriptTemplates: Sendable {
    private var ipxe: [ScriptKind: ScriptTemplate]
    private var grub: [ScriptKind: ScriptTemplate]

    /// Those that are compiled into the program, so that it runs wherever it lies. They are the files of
    /// `boot/templates`, kept the same by a test.
    public static let builtIn: ScriptTemplates = {
        do {
            return try ScriptTemplates { kind, dialect throws(ScriptTemplateError) in
                try ScriptTemplate(
                    parsing: Array(BuiltInTemplate.text(kind, dialect).utf8),
                    file: kind.fileName(for: dialect),
                    kind: kind,
                    dialect: dialect
                )
            }
        } catch {
            preconditionFailure("a built-in template is broken: \(error)")
        }
    }()

    private init(
        template: (ScriptKind, BootRequest.Dialect) throws(ScriptTemplateError) -> ScriptTemplate
    ) throws(ScriptTemplateError) {
        (ipxe, grub) = ([:], [:])
        for kind in ScriptKind.allCases {
            ipxe[kind] = try template(kind, .ipxe)
            grub[kind] = try template(kind, .grub)
        }
    }

    /// The built-in templates with those in their place that lie in `directories` under the same names; the first
    /// directory that has one wins.
    ///
    /// - Throws: `ScriptTemplateError` for a template that cannot be read or used.
    public static func load(from directories: [String]) throws(ScriptTemplateError) -> ScriptTemplates {
        try ScriptTemplates { kind, dialect throws(ScriptTemplateError) in
            for directory in directories {
                let path = "\(directory)/\(kind.fileName(for: dialect))"
                guard let bytes = try read(path) else { continue }
                return try ScriptTemplate(parsing: bytes, file: path, kind: kind, dialect: dialect)
            }
            return builtIn.template(kind, dialect)
        }
    }

    func template(_ kind: ScriptKind, _ dialect: BootRequest.Dialect) -> ScriptTemplate {
        let templates = dialect == .ipxe ? ipxe : grub
        guard let template = templates[kind] else { preconditionFailure("every kind has its template from init") }
        return template
    }

    /// Larger files than this are no scripts.
    private static let maximumLength: UInt64 = 64 * 1024

    /// The file's bytes; nil when there is no such file.
    private static func read(_ path: String) throws(ScriptTemplateError) -> [UInt8]? {
        func failure(_ message: String) -> ScriptTemplateError {
            ScriptTemplateError(file: path, line: 0, column: 0, message: message)
        }
        let file: OpenFile
        do {
            file = try OpenFile(path: path)
        } catch {
            if error.errno == ENOENT || error.errno == ENOTDIR { return nil }
            throw failure(String(cString: strerror(error.errno)))
        }
        guard file.length <= maximumLength else {
            throw failure("found \(file.length) bytes, expected a template of at most \(maximumLength)")
        }
        var bytes = [UInt8](repeating: 0, count: Int(file.length))
        let count = bytes.withUnsafeMutableBytes { pread(file.descriptor, $0.baseAddress, $0.count, 0) }
        guard count == bytes.count else { throw failure("found \(count) bytes, expected \(bytes.count)") }
        return bytes
    }
}
