/// The three scripts that a machine can be given.
public enum ScriptKind: String, CaseIterable, Hashable, Sendable {
    /// Loads and starts a kernel.
    case boot
    /// Shows something and asks again.
    case pause
    /// Finds out who the machine is and asks with that.
    case start

    /// The template's file name, in a directory of templates.
    func fileName(for dialect: BootRequest.Dialect) -> String {
        switch dialect {
        case .ipxe: "\(rawValue).ipxe"
        case .grub: "\(rawValue).grub.cfg"
        }
    }

    /// What the template of this kind may name.
    var placeholders: Set<ScriptPlaceholder> {
        switch self {
        case .boot: [.url, .again, .kernel, .initrd, .segment, .arguments, .machine, .mac, .boot, .image]
        case .pause: [.url, .again, .line, .seconds, .mac]
        case .start: [.url, .again]
        }
    }

    /// What the template of this kind must name, because a machine would be stranded without it.
    func required(in dialect: BootRequest.Dialect) -> Set<ScriptPlaceholder> {
        switch self {
        case .boot where dialect == .ipxe: [.kernel, .initrd, .segment, .arguments, .again]
        case .boot: [.kernel, .initrd, .arguments, .again]
        case .pause: [.line, .seconds, .again]
        case .start: [.again]
        }
    }
}

/// What stands between `{{` and `}}` in a template.
public enum ScriptPlaceholder: String, CaseIterable, Hashable, Sendable {
    /// The boot plane, `http://A:P`.
    case url
    /// Where to ask next: this machine's own script.
    case again
    /// The kernel, as the loader names it: a URL, or a device and a path.
    case kernel
    /// The initrd; its line is left out when the image has none. GRUB, which takes all initrds in one command, gets the
    /// machine segment behind it.
    case initrd
    /// The machine segment, for iPXE; its line is left out when the boot has none.
    case segment
    /// The kernel's command line.
    case arguments
    /// The machine's name.
    case machine
    /// The NIC that the machine boots from, where it is known; else its line is left out.
    case mac
    /// The boot's id.
    case boot
    /// The image's digest.
    case image
    /// A line of text for the screen: its line is repeated for each.
    case line
    /// How long to wait.
    case seconds

    /// What may follow the placeholder directly, beside a blank, the end of the line or a semicolon.
    var mayPrefixPath: Bool { self == .url }
}
