import Vocabulary

/// Writes the scripts that machines run before they have a system.
///
/// Pure: the same answer to the same request is the same bytes. Whatever it is given, the result is a script that
/// boots, or that shows why not and asks again.
public struct ScriptRenderer: Sendable {
    private let templates: @Sendable () -> ScriptTemplates

    public init(templates: ScriptTemplates = .builtIn) {
        self.templates = { templates }
    }

    /// - Parameter current: asked for each script, so that a reload is seen by the next one; must not wait.
    public init(current: @escaping @Sendable () -> ScriptTemplates) {
        templates = current
    }

    /// The script for `answer`. A command line that the kernel would cut off becomes a screen that says so.
    public func render(_ answer: BootAnswer, for request: BootRequest) -> [UInt8] {
        let locations = ScriptLocations(request: request)
        switch answer {
        case .pause(let pause):
            return render(.pause, PauseValues(pause: pause, locations: locations), request.dialect)
        case .boot(let boot):
            let line = KernelCommandLine(
                arguments: boot.commandLine,
                boot: boot.boot,
                machine: boot.machine,
                mac: boot.mac,
                url: locations.url,
                hasInitrd: boot.hasInitrd,
                hasSegment: boot.hasSegment,
                image: boot.image
            )
            let limit = KernelCommandLine.limit(for: request.identity.architecture)
            guard line.bytes.count <= limit else {
                let pause = Self.refusal(of: line, limit: limit, boot: boot)
                return render(.pause, PauseValues(pause: pause, locations: locations), request.dialect)
            }
            let values = BootValues(boot: boot, arguments: line, locations: locations)
            return render(.boot, values, request.dialect)
        }
    }

    /// The script for somebody who has not said who it is: it asks again and says so.
    public func start(for request: BootRequest) -> [UInt8] {
        render(.start, StartValues(locations: ScriptLocations(request: request)), request.dialect)
    }

    private func render(_ kind: ScriptKind, _ values: some ScriptValues, _ dialect: BootRequest.Dialect) -> [UInt8] {
        let template = templates().template(kind, dialect)
        var script: [UInt8] = []
        script.reserveCapacity(template.literalCount + 1024)
        template.render(values, into: &script)
        return script
    }

    private static func refusal(of line: KernelCommandLine, limit: Int, boot: BootInstructions) -> Pause {
        Pause(
            lines: [
                "machine \(boot.machine), image \(boot.image.short)",
                "the kernel's command line has \(line.bytes.count) bytes, and its kernel takes \(limit)",
                "shorten the kernelArgs of the machine's profile",
            ],
            seconds: 30
        )
    }
}

/// The values of a script with a kernel.
private struct BootValues: ScriptValues {
    let boot: BootInstructions
    let arguments: KernelCommandLine
    let locations: ScriptLocations

    func count(of name: ScriptPlaceholder) -> Int {
        switch name {
        case .initrd: initrds.isEmpty ? 0 : 1
        case .segment: boot.hasSegment ? 1 : 0
        default: 1
        }
    }

    private enum Initrd { case image, segment }

    /// What one command of the dialect loads.
    private var initrds: [Initrd] {
        let isWhole = locations.request.dialect == .grub
        return (boot.hasInitrd ? [.image] : []) + (isWhole && boot.hasSegment ? [.segment] : [])
    }

    private func appendInitrds(to script: inout [UInt8]) {
        for (index, initrd) in initrds.enumerated() {
            if index > 0 { script.append(UInt8(ascii: " ")) }
            switch initrd {
            case .image: locations.append(part: "initrd", of: boot, to: &script)
            case .segment: locations.appendSegment(of: boot, to: &script)
            }
        }
    }

    func append(_ name: ScriptPlaceholder, index: Int, to script: inout [UInt8]) {
        let dialect = locations.request.dialect
        switch name {
        case .kernel: locations.append(part: "kernel", of: boot, to: &script)
        case .initrd: appendInitrds(to: &script)
        case .segment: locations.appendSegment(of: boot, to: &script)
        case .arguments: dialect.appendArguments(arguments.bytes, to: &script)
        case .machine: dialect.appendWord(boot.machine.utf8, to: &script)
        case .mac: script.append(contentsOf: boot.mac.description.utf8)
        case .boot: script.append(contentsOf: boot.boot.rawValue.utf8)
        case .image: script.append(contentsOf: boot.image.hex.utf8)
        case .url: script.append(contentsOf: locations.url.utf8)
        case .again: locations.appendAgain(mac: boot.mac, to: &script)
        case .line, .seconds: break
        }
    }
}

/// The values of a screen that asks again.
private struct PauseValues: ScriptValues {
    let pause: Pause
    let locations: ScriptLocations

    func count(of name: ScriptPlaceholder) -> Int {
        switch name {
        case .line: pause.lines.count
        case .mac: locations.request.identity.mac == nil ? 0 : 1
        default: 1
        }
    }

    func append(_ name: ScriptPlaceholder, index: Int, to script: inout [UInt8]) {
        switch name {
        case .line: locations.request.dialect.appendText(pause.lines[index].utf8, to: &script)
        // Not to wait at all would make the machine and the server spin; a day is for ever.
        case .seconds: script.append(contentsOf: String(min(max(pause.seconds, 1), 86_400)).utf8)
        case .mac: script.append(contentsOf: (locations.request.identity.mac?.description ?? "").utf8)
        case .url: script.append(contentsOf: locations.url.utf8)
        case .again: locations.appendAgain(mac: nil, to: &script)
        default: break
        }
    }
}

/// The values of the script that finds out who asks.
private struct StartValues: ScriptValues {
    let locations: ScriptLocations

    func count(of name: ScriptPlaceholder) -> Int { 1 }

    func append(_ name: ScriptPlaceholder, index: Int, to script: inout [UInt8]) {
        switch name {
        case .url: script.append(contentsOf: locations.url.utf8)
        case .again: locations.appendAgain(mac: nil, to: &script)
        default: break
        }
    }
}

/// By name instead of through a metatype: so the compiler makes each walk over bytes for the collection that it walks
/// over, which takes 4 µs from a script.
extension BootRequest.Dialect {
    fileprivate func appendText(_ bytes: some Collection<UInt8>, to script: inout [UInt8]) {
        switch self {
        case .ipxe: IPXEQuoting.appendText(bytes, to: &script)
        case .grub: GRUBQuoting.appendText(bytes, to: &script)
        }
    }

    fileprivate func appendWord(_ bytes: some Collection<UInt8>, to script: inout [UInt8]) {
        switch self {
        case .ipxe: IPXEQuoting.appendWord(bytes, to: &script)
        case .grub: GRUBQuoting.appendWord(bytes, to: &script)
        }
    }

    fileprivate func appendArguments(_ bytes: some Collection<UInt8>, to script: inout [UInt8]) {
        switch self {
        case .ipxe: IPXEQuoting.appendArguments(bytes, to: &script)
        case .grub: GRUBQuoting.appendArguments(bytes, to: &script)
        }
    }
}
