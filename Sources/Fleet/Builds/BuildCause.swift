/// What a build begins for.
enum BuildCause: Hashable, Sendable {
    /// A machine asked for something to boot.
    case machine(String)
    /// Somebody asked for it: `muster build --profile`.
    case request
    /// Another definition was applied, or the first with `prebuild`.
    case definition
    /// Machines are to be granted it now.
    case grant
    /// It failed before.
    case retry

    /// As the events' `cause` has it.
    var name: String {
        switch self {
        case .machine(let name): "machine \(name)"
        case .request: "request"
        case .definition: "definition"
        case .grant: "grant"
        case .retry: "retry"
        }
    }

    /// The end of a sentence that says what is being built.
    var reason: String {
        switch self {
        case .machine(let name): "because \(name) asked for it"
        case .request: "because somebody asked for it"
        case .definition: "because its definition is new"
        case .grant: "because machines are to get it now"
        case .retry: "again"
        }
    }
}
