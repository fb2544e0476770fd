import Vocabulary

extension SegmentPlan {
    /// The segments of a root, in the order in which the kernel unpacks them; parts without anything have none.
    ///
    /// Of the part `boot` only its directories are there: a machine has no use for its kernel's file.
    ///
    /// Names of one file in different parts are files of their own there, with the same content: the kernel forgets
    /// inodes at the end of an archive. So are several names of a link, a device or a pipe, which newc writers do not
    /// join.
    ///
    /// - Throws: `BuildError` that names the entry which a newc archive cannot carry.
    static func plans(of root: MachineRoot) throws(BuildError) -> [SegmentPlan] {
        var layouts = root.parts.map { _ in Layout() }
        let originals = linkedEntries(of: root)
        var ancestors: [Ancestor] = []
        for placed in root.entries {
            let entry = placed.entry
            while let last = ancestors.last, !last.entry.path.holds(entry.path) { ancestors.removeLast() }
            if placed.part == 0, root.parts[0] == .boot, entry.kind != .directory { continue }
            for index in ancestors.indices where ancestors[index].parts.insert(placed.part).inserted {
                layouts[placed.part].add(ancestors[index].entry)
            }
            if entry.kind == .directory {
                layouts[placed.part].add(entry)
                ancestors.append(Ancestor(entry: entry, parts: [placed.part]))
            } else if case .hardLink(let target) = entry.kind {
                guard let original = originals[target] else {
                    preconditionFailure("\(entry.path) is a link to \(target), which is no entry of the root")
                }
                layouts[placed.part].add(original, named: entry.path, of: target)
            } else {
                layouts[placed.part].add(entry, named: entry.path, of: originals[entry.path] == nil ? nil : entry.path)
            }
        }
        var plans: [SegmentPlan] = []
        for (part, layout) in zip(root.parts, layouts) {
            let items = layout.items
            for item in items { try NewcWriter.check(item.entry) }
            if !items.isEmpty { plans += SegmentPlan(part: part.name, items: items).byLayer }
        }
        return plans
    }

    /// A directory on the way to the entry that is looked at, and the parts that have it already.
    private struct Ancestor {
        var entry: TreeEntry
        var parts: Set<Int>
    }

    /// Every entry that a hard link leads to, by its path.
    private static func linkedEntries(of root: MachineRoot) -> [BytePath: TreeEntry] {
        var targets: Set<BytePath> = []
        for placed in root.entries {
            if case .hardLink(let target) = placed.entry.kind { targets.insert(target) }
        }
        guard !targets.isEmpty else { return [:] }
        var entries: [BytePath: TreeEntry] = [:]
        for placed in root.entries where targets.contains(placed.entry.path) {
            entries[placed.entry.path] = placed.entry
        }
        return entries
    }

    /// The items of a segment while they are put in order.
    private struct Layout {
        private var slots: [Item?] = []
        /// Where the item stands that has all names so far of a file, by the file's first name in the root.
        private var linked: [BytePath: Int] = [:]

        var items: [Item] { slots.compactMap(\.self) }

        mutating func add(_ directory: TreeEntry) { slots.append(Item(directory)) }

        /// - Parameter target: the first name of a file that has several.
        mutating func add(_ entry: TreeEntry, named name: BytePath, of target: BytePath?) {
            var item = Item(entry)
            item.entry.path = name
            if let target, item.content != nil {
                if let index = linked[target], let earlier = slots[index] {
                    // Their names move here: the directory of this one was not there before.
                    slots[index] = nil
                    item.entry.path = earlier.entry.path
                    item.entry.hardLinks = earlier.entry.hardLinks + [name]
                }
                linked[target] = slots.count
            }
            slots.append(item)
        }
    }
}

extension SegmentPlan.Item {
    /// - Parameter entry: no hard link.
    fileprivate init(_ entry: TreeEntry) {
        var content: FileContent?
        let kind: NewcEntry.Kind
        switch entry.kind {
        case .directory: kind = .directory
        case .file(let file):
            kind = .file(size: file.size)
            content = file
        case .symbolicLink(let target): kind = .symbolicLink(target: target)
        case .characterDevice(let major, let minor): kind = .characterDevice(major: major, minor: minor)
        case .blockDevice(let major, let minor): kind = .blockDevice(major: major, minor: minor)
        case .fifo: kind = .fifo
        case .hardLink: preconditionFailure("\(entry.path) is another name, and no entry of its own")
        }
        self.init(
            entry: NewcEntry(
                path: entry.path,
                kind: kind,
                permissions: entry.permissions,
                owner: entry.owner,
                group: entry.group,
                modified: UInt32(clamping: entry.modified)
            ),
            content: content
        )
    }
}

extension BytePath {
    /// `other` lies below this directory.
    fileprivate func holds(_ other: BytePath) -> Bool {
        other.bytes.count > bytes.count && other.bytes[bytes.count] == UInt8(ascii: "/")
            && other.bytes.starts(with: bytes)
    }
}
