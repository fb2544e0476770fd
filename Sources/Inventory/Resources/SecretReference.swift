/// Where a secret is, on the server: never the secret itself.
public enum SecretReference: Hashable, Sendable {
    /// `env:NAME`: a variable of the server's environment.
    case environment(String)
    /// `file:/path`: a file that the server may read.
    case file(String)
    /// `{command: [program, argument …]}`: what the program writes to its standard output. No shell is between.
    case command([String])
}

extension SecretReference: CustomStringConvertible {
    public var description: String {
        switch self {
        case .environment(let name): "env:\(name)"
        case .file(let path): "file:\(path)"
        case .command(let arguments): "command:\(arguments.joined(separator: " "))"
        }
    }

    /// `env:NAME` and `file:/path`; nil for anything else.
    init?(_ text: String) {
        if text.hasPrefix("env:") {
            let name = text.dropFirst(4)
            guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "=") }) else {
                return nil
            }
            self = .environment(String(name))
        } else if text.hasPrefix("file:/") {
            self = .file(String(text.dropFirst(5)))
        } else {
            return nil
        }
    }

    var document: JSONValue {
        switch self {
        case .environment, .file: .string(description)
        case .command(let arguments): .object(["command": .array(arguments.map(JSONValue.string))])
        }
    }
}
