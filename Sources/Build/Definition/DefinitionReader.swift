import StrictYAML

/// Reads one file of a definition, strictly: a key that nobody knows or a value of the wrong type is a problem with its
/// place, and a file with problems is refused whole.
struct DefinitionReader {
    let log: ProblemLog
    let variables: Variables

    /// - Returns: nil when there were problems; they are in the log.
    func definition(_ text: String) -> Definition? {
        // What follows a `---` after the first document is ignored, as LinuxKit does.
        guard let first = log.firstDocument(text) else {
            if log.problems.isEmpty {
                log.add("found an empty file, expected a definition; `{}` is the smallest", line: 0, column: 0)
            }
            return nil
        }
        let definition = read(variables.replace(in: first))
        return log.problems.isEmpty ? definition : nil
    }

    private func read(_ root: Node) -> Definition {
        var definition = Definition()
        let known = ["kernel", "init", "volumes", "onboot", "onshutdown", "services", "files", "trust", "muster"]
        guard let reader = MappingReader(root, known: known, log: log) else { return definition }
        definition.kernel = reader["kernel"].flatMap(kernel)
        definition.initImages =
            reader.list("init", of: "image names") { node in
                image(node).map { ImageEntry(image: $0, place: place(of: node)) }
            } ?? []
        definition.volumes = reader.list("volumes", of: "volumes", volume) ?? []
        definition.onboot = reader.list("onboot", of: "containers") { container($0, .onboot) } ?? []
        definition.onshutdown = reader.list("onshutdown", of: "containers") { container($0, .onshutdown) } ?? []
        definition.services = reader.list("services", of: "containers") { container($0, .services) } ?? []
        definition.files = reader.list("files", of: "files", file) ?? []
        reader["trust"].map(checkTrust)
        definition.initrdCompression = reader["muster"].flatMap(compression)
        return definition
    }

    func place(of node: Node) -> SourcePlace { log.place(of: node) }

    func image(_ node: Node) -> ImageReference? {
        guard let text = log.string(node, "an image name") else { return nil }
        guard !text.hasPrefix("@pkg:") else {
            log.add(
                "found '\(text)', which LinuxKit computes from a package's directory in git, expected an image's name; "
                    + "`muster pkg build` makes one of a directory",
                at: node
            )
            return nil
        }
        guard let reference = ImageReference(text) else {
            let isOpen = text.contains("${")
            log.add(
                "found '\(text)', expected an image name as registry/repository:tag, or oci:DIR and the like"
                    + (isOpen ? "; `--set name=value`, or `vars:` of a profile, gives a variable its value" : ""),
                at: node
            )
            return nil
        }
        return reference
    }

    /// An image that may be left out, by leaving out the key or the name.
    private func optionalImage(_ node: Node) -> ImageReference? {
        if case .scalar(let scalar) = node, scalar.string.isEmpty, [.text, .any].contains(scalar.type) { return nil }
        return image(node)
    }

    private func kernel(_ node: Node) -> KernelEntry? {
        guard let reader = MappingReader(node, known: ["image", "cmdline", "binary", "tar", "ucode"], log: log) else {
            return nil
        }
        var kernel = KernelEntry(place: place(of: node))
        kernel.image = reader["image"].flatMap(optionalImage)
        kernel.commandLine = reader["cmdline"].flatMap(commandLine)
        kernel.binary = reader.string("binary")
        kernel.tar = reader.string("tar")
        kernel.microcode = reader.string("ucode")
        return kernel
    }

    /// One line, which a boot loader's script has in it; newlines at its end are those of a block of YAML.
    private func commandLine(_ node: Node) -> String? {
        guard let text = log.string(node) else { return nil }
        let line = text.utf8.reversed().drop { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        guard line.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            log.add("found a line break or a control character in the kernel's arguments, expected one line", at: node)
            return nil
        }
        return text
    }

    /// `trust:` is left over from LinuxKit's past: its shape is checked, and nothing follows from it.
    private func checkTrust(_ node: Node) {
        guard let reader = MappingReader(node, known: ["image", "org"], log: log) else { return }
        _ = reader.strings("image")
        _ = reader.strings("org")
    }

    private func compression(_ node: Node) -> InitrdCompression? {
        guard let kernel = MappingReader(node, known: ["kernel"], log: log)?["kernel"] else { return nil }
        return MappingReader(kernel, known: ["initrd"], log: log)?.choice("initrd")
    }

    private func volume(_ node: Node) -> VolumeEntry? {
        let known = ["name", "image", "readonly", "format", "platforms"]
        guard let reader = MappingReader(node, known: known, log: log) else { return nil }
        let name = reader["name"].flatMap { node -> String? in
            guard let name = log.string(node) else { return nil }
            guard name.utf8.allSatisfy({ isSmallOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") })
            else {
                log.add("found '\(name)', expected a volume's name of a to z, 0 to 9, _ and -", at: node)
                return nil
            }
            return name
        }
        var volume = VolumeEntry(name: name ?? "", place: place(of: node))
        volume.image = reader["image"].flatMap(optionalImage)
        volume.imageText = reader["image"]?.verbatim
        volume.isReadOnly = reader.bool("readonly") ?? false
        volume.format = reader.choice("format") ?? .filesystem
        volume.platforms = reader.list("platforms", of: "platforms such as linux/amd64", platform) ?? []
        if let platforms = reader["platforms"], !volume.platforms.isEmpty, volume.format != .oci {
            log.add("found platforms, expected them for a volume of `format: oci` only", at: platforms)
        }
        return volume
    }

    private func platform(_ node: Node) -> String? {
        guard let text = log.string(node, "a platform such as linux/amd64") else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard 2...3 ~= parts.count, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isLetterOrDigit) }) else {
            log.expected("a platform such as linux/amd64", at: node)
            return nil
        }
        return text
    }

    private func container(_ node: Node, _ section: ContainerFiles.Section) -> ContainerEntry? {
        guard let reader = MappingReader(node, known: ["name", "image"] + ContainerSettingsReader.keys, log: log) else {
            return nil
        }
        let settings = ContainerSettingsReader(log: log).settings(reader)
        if let supervision = reader["muster"] { SupervisionReader(log: log).check(supervision, in: section) }
        let name = reader.required("name", "the container's name").flatMap(containerName)
        let image = reader.required("image", "the container's image").flatMap(image)
        guard let name, let image else { return nil }
        return ContainerEntry(name: name, image: image, settings: settings, place: place(of: node))
    }

    /// containerd's identifiers: LinuxKit takes anything here, and its machines fail when they boot.
    private func containerName(_ node: Node) -> String? {
        guard let name = log.string(node) else { return nil }
        let parts = name.utf8.split(omittingEmptySubsequences: false) { "._-".utf8.contains($0) }
        guard name.utf8.count <= 76, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isLetterOrDigit) }) else {
            log.add(
                "found the name '\(name)', expected at most 76 letters and digits, with single '.', '_' or '-' between them",
                at: node
            )
            return nil
        }
        return name
    }
}

func isSmallOrDigit(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) }
func isLetterOrDigit(_ byte: UInt8) -> Bool { isSmallOrDigit(byte) || (0x41...0x5a).contains(byte) }
