// libyaml as Yams brings it along.
internal import CYaml
internal import FoundationEssentials

/// Why a text is not YAML, or is more than a person would write.
struct YAMLSyntaxError: Error, Hashable {
    var mark: Mark
    /// What was found, and what was expected.
    var message: String
}

/// Reads the documents of a YAML text one after the other, from the events of libyaml.
///
/// Yams composes nodes too, but recurses as deep as a text says and hashes keys of any size, so that a kilobyte of nested
/// aliases makes it hang or run out of stack. Here nesting and what aliases repeat are bounded, keys are scalars, a key
/// that stands twice is found where it stands again, and `<<` merges as in YAML 1.1.
struct DocumentReader: ~Copyable {
    /// Levels of lists and mappings, those that aliases repeat among them.
    static let deepest = 100
    /// Nodes that a document's aliases may repeat, all together.
    static let mostRepeated = 100_000

    /// What a node may be said to be; `!` is text.
    private static let tags = Set(
        ["str", "int", "float", "bool", "null", "binary", "timestamp", "map", "seq"].map { "tag:yaml.org,2002:\($0)" }
            + ["!"]
    )

    private let text: UnsafeBufferPointer<UInt8>
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private var anchors: [String: Anchored] = [:]
    private var repeated = 0
    /// Nodes of the document so far.
    private var count = 0

    private struct Anchored {
        var node: Node
        /// Nodes in it, itself among them.
        var count: Int
        /// Levels in it: 0 of a scalar.
        var depth: Int
    }

    private struct Composed {
        var node: Node
        var depth: Int
    }

    /// - Parameter text: UTF-8, which has to outlive the reader.
    init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        precondition(yaml_parser_initialize(parser) == 1, "no memory for a YAML parser")
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, text.baseAddress, text.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// - Returns: nil after the last document.
    mutating func next() throws(YAMLSyntaxError) -> Node? {
        while true {
            let event = try nextEvent()
            switch event.type {
            case YAML_STREAM_START_EVENT, YAML_DOCUMENT_END_EVENT: continue
            case YAML_DOCUMENT_START_EVENT:
                anchors = [:]
                (repeated, count) = (0, 0)
                return try node(try nextEvent(), depth: 0).node
            default: return nil
            }
        }
    }

    private func nextEvent() throws(YAMLSyntaxError) -> Event {
        var event = Event()
        guard event.read(parser) else { throw YAMLSyntaxError(parser.pointee, in: text) }
        return event
    }

    // MARK: Nodes

    private mutating func node(_ event: borrowing Event, depth: Int) throws(YAMLSyntaxError) -> Composed {
        if event.type == YAML_ALIAS_EVENT { return try alias(event, depth: depth) }
        if let tag = event.tag, !Self.tags.contains(tag) {
            throw event.error("found the tag '\(tag)', expected none, or one of YAML's core as !!str")
        }
        let before = count
        count += 1
        let composed: Composed
        switch event.type {
        case YAML_SEQUENCE_START_EVENT: composed = try sequence(event, depth: depth)
        case YAML_MAPPING_START_EVENT: composed = try mapping(event, depth: depth)
        default: composed = Composed(node: .scalar(try event.scalar()), depth: 0)
        }
        if let anchor = event.anchor {
            anchors[anchor] = Anchored(node: composed.node, count: count - before, depth: composed.depth)
        }
        return composed
    }

    private mutating func alias(_ event: borrowing Event, depth: Int) throws(YAMLSyntaxError) -> Composed {
        let name = event.anchor ?? ""
        guard let anchored = anchors[name] else {
            throw event.error("found the alias '*\(name)', expected one whose anchor '&\(name)' stands before it")
        }
        repeated += anchored.count
        count += anchored.count
        guard repeated <= Self.mostRepeated else {
            throw event.error("found aliases that repeat more than \(Self.mostRepeated) values, expected fewer")
        }
        guard depth + anchored.depth <= Self.deepest else { throw event.tooDeep }
        return Composed(node: anchored.node, depth: anchored.depth)
    }

    private mutating func sequence(_ start: borrowing Event, depth: Int) throws(YAMLSyntaxError) -> Composed {
        guard depth < Self.deepest else { throw start.tooDeep }
        var nodes: [Node] = []
        var deepest = 0
        while true {
            let event = try nextEvent()
            guard event.type != YAML_SEQUENCE_END_EVENT else { break }
            let element = try node(event, depth: depth + 1)
            nodes.append(element.node)
            deepest = max(deepest, element.depth)
        }
        return Composed(node: .sequence(Node.Sequence(nodes, mark: start.mark)), depth: deepest + 1)
    }

    private mutating func mapping(_ start: borrowing Event, depth: Int) throws(YAMLSyntaxError) -> Composed {
        guard depth < Self.deepest else { throw start.tooDeep }
        var pairs = Pairs()
        var merged: [Node] = []
        var deepest = 0
        while true {
            let event = try nextEvent()
            guard event.type != YAML_MAPPING_END_EVENT else { break }
            let key = try node(event, depth: depth + 1).node
            guard case .scalar(let name) = key else {
                throw event.error("found \(key.found) as a key, expected a name")
            }
            let value = try node(try nextEvent(), depth: depth + 1)
            deepest = max(deepest, value.depth)
            if name.string == "<<", name.isPlain {
                merged += try Self.mappings(value.node, of: event)
            } else if let first = pairs.add(name.string, key, value.node) {
                throw event.error(
                    "found \(key.found) twice in one mapping, expected it once; the first is on line \(first.mark.line)"
                )
            }
        }
        for case .mapping(let mapping) in merged {
            for case (.scalar(let name), let value) in mapping { _ = pairs.add(name.string, .scalar(name), value) }
        }
        return Composed(node: .mapping(Node.Mapping(pairs.all, mark: start.mark)), depth: deepest + 1)
    }

    /// The mappings that `<<` names: one, or those of a list.
    private static func mappings(_ value: Node, of key: borrowing Event) throws(YAMLSyntaxError) -> [Node] {
        switch value {
        case .mapping: return [value]
        case .sequence(let sequence) where sequence.allSatisfy(\.isMapping): return Array(sequence)
        default: throw key.error("found \(value.found) under '<<', expected a mapping or a list of mappings")
        }
    }

    /// Keys with their values, each key once.
    private struct Pairs {
        private(set) var all: [Node.Mapping.Element] = []
        private var places: [String: Int] = [:]

        /// - Returns: the same key when it is there already; then nothing is added.
        mutating func add(_ name: String, _ key: Node, _ value: Node) -> Node? {
            if let place = places[name] { return all[place].key }
            places[name] = all.count
            all.append((key, value))
            return nil
        }
    }
}

/// One event of libyaml.
private struct Event: ~Copyable {
    private var event = yaml_event_t()

    mutating func read(_ parser: UnsafeMutablePointer<yaml_parser_t>) -> Bool { yaml_parser_parse(parser, &event) == 1 }

    deinit {
        var event = event
        yaml_event_delete(&event)
    }

    var type: yaml_event_type_t { event.type }
    var mark: Mark { Mark(event.start_mark) }

    /// Of a node, or the one that an alias names.
    var anchor: String? {
        let name: UnsafeMutablePointer<yaml_char_t>? =
            switch event.type {
            case YAML_ALIAS_EVENT: event.data.alias.anchor
            case YAML_SCALAR_EVENT: event.data.scalar.anchor
            case YAML_SEQUENCE_START_EVENT: event.data.sequence_start.anchor
            default: event.data.mapping_start.anchor
            }
        return name.map { String(cString: $0) }
    }

    var tag: String? {
        let tag: UnsafeMutablePointer<yaml_char_t>? =
            switch event.type {
            case YAML_SCALAR_EVENT: event.data.scalar.tag
            case YAML_SEQUENCE_START_EVENT: event.data.sequence_start.tag
            default: event.data.mapping_start.tag
            }
        return tag.map { String(cString: $0) }
    }

    func scalar() throws(YAMLSyntaxError) -> Node.Scalar {
        let data = event.data.scalar
        var text = String(decoding: UnsafeBufferPointer(start: data.value, count: data.length), as: UTF8.self)
        var tag = tag
        switch tag {
        case "tag:yaml.org,2002:binary":
            let bytes = Data(base64Encoded: text, options: .ignoreUnknownCharacters)
            guard let decoded = bytes.flatMap({ String(validating: $0, as: UTF8.self) }) else {
                throw error("found !!binary that is no UTF-8 text in base64, expected text")
            }
            (text, tag) = (decoded, "tag:yaml.org,2002:str")
        case "tag:yaml.org,2002:timestamp": tag = "tag:yaml.org,2002:str"
        default: break
        }
        return Node.Scalar(text, isPlain: data.style == YAML_PLAIN_SCALAR_STYLE, tag: tag, mark: mark)
    }

    func error(_ message: String) -> YAMLSyntaxError {
        YAMLSyntaxError(mark: mark, message: message)
    }

    var tooDeep: YAMLSyntaxError { error(YAMLSyntaxError.tooDeep) }
}

extension YAMLSyntaxError {
    fileprivate init(_ parser: yaml_parser_t, in text: UnsafeBufferPointer<UInt8>) {
        let problem = parser.problem.map { String(cString: $0) } ?? "no memory"
        if parser.error == YAML_READER_ERROR {
            // The reader is ahead of the parser, and knows only the byte.
            let before = text.prefix(Int(clamping: parser.problem_offset))
            let line = before.lazy.filter { $0 == UInt8(ascii: "\n") }.count + 1
            let begin = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            let column = String(decoding: text[begin..<before.endIndex], as: UTF8.self).unicodeScalars.count + 1
            let message = "found a control character, number \(parser.problem_value), expected text without any"
            self.init(mark: Mark(line: line, column: column), message: message)
        } else if problem.hasPrefix("Maximum nesting level") {
            self.init(mark: Mark(parser.mark), message: Self.tooDeep)
        } else {
            self.init(mark: Mark(parser.problem_mark), message: "found broken YAML: \(problem)")
        }
    }

    fileprivate static let tooDeep = "found more than \(DocumentReader.deepest) levels of nesting, expected fewer"
}

extension Mark {
    /// libyaml counts from 0.
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}
