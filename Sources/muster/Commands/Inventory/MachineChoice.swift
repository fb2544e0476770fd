import ArgumentParser
import Control

/// Which machines a command is about: names or labels, and one of the two has to be there.
struct MachineChoice: ParsableArguments, Sendable {
    @Argument(help: "Machines; names take ranges such as n[1-40].")
    var names: [String] = []

    @Option(name: .shortAndLong, help: .init("Machines with these labels.", valueName: "key=value,…"))
    var label: String?

    var selection: MachineSelection { MachineSelection(names: names, selector: label) }

    func validate() throws {
        guard names.isEmpty != (label == nil) else {
            throw ValidationError("name the machines, or select them with -l; one of the two")
        }
        try Usage.check(names: names, selector: label)
    }
}
