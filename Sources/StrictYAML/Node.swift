/// A value in a YAML document that knows where it stands. Aliases are resolved, merged mappings (`<<`) are merged.
public enum Node: Sendable {
    case scalar(Scalar)
    case sequence(Sequence)
    case mapping(Mapping)

    public var mark: Mark {
        switch self {
        case .scalar(let scalar): scalar.mark
        case .sequence(let sequence): sequence.mark
        case .mapping(let mapping): mapping.mark
        }
    }

    public var scalar: Scalar? { if case .scalar(let scalar) = self { scalar } else { nil } }
    public var sequence: Sequence? { if case .sequence(let sequence) = self { sequence } else { nil } }
    public var mapping: Mapping? { if case .mapping(let mapping) = self { mapping } else { nil } }

    /// `~`, `null`, or nothing at all.
    public var isNull: Bool { scalar?.type == .null }
    var isMapping: Bool { mapping != nil }
}

/// Where a value begins.
public struct Mark: Hashable, Sendable {
    private let storedLine: UInt32
    private let storedColumn: UInt32

    /// From 1.
    public var line: Int { Int(storedLine) }
    /// In Unicode scalars, from 1.
    public var column: Int { Int(storedColumn) }

    public init(line: Int, column: Int) {
        storedLine = UInt32(clamping: line)
        storedColumn = UInt32(clamping: column)
    }
}

extension Node {
    public struct Scalar: Sendable {
        /// Without quotes, escapes resolved.
        public var string: String
        /// Neither quoted nor a block.
        public var isPlain: Bool
        /// `tag:yaml.org,2002:str` for `!!str`; nil for none.
        public var tag: String?
        /// A variable was replaced in it, and it is plain: its reader says what it is.
        public var isReplaced = false
        public var mark: Mark

        public init(_ string: String, isPlain: Bool, tag: String?, mark: Mark) {
            self.string = string
            self.isPlain = isPlain
            self.tag = tag
            self.mark = mark
        }
    }

    public struct Sequence: Sendable, RandomAccessCollection {
        public var nodes: [Node]
        public var mark: Mark

        public init(_ nodes: [Node], mark: Mark) {
            self.nodes = nodes
            self.mark = mark
        }

        public var startIndex: Int { 0 }
        public var endIndex: Int { nodes.count }
        public subscript(index: Int) -> Node { nodes[index] }
    }

    /// Keys, which are scalars, in their order; each stands there once.
    public struct Mapping: Sendable, RandomAccessCollection {
        public typealias Element = (key: Node, value: Node)

        public var pairs: [Element]
        public var mark: Mark

        public init(_ pairs: [Element], mark: Mark) {
            self.pairs = pairs
            self.mark = mark
        }

        public var startIndex: Int { 0 }
        public var endIndex: Int { pairs.count }
        public subscript(index: Int) -> Element { pairs[index] }
        public subscript(key: String) -> Node? { pairs.first { $0.key.scalar?.string == key }?.value }
    }
}
