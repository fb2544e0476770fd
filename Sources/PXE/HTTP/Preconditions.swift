import NIOHTTP1
import Vocabulary

/// The fields of a request that make an answer depend on what the client has already (RFC 9110 §13).
struct Preconditions: Hashable, Sendable {
    enum Outcome: Hashable, Sendable {
        case proceed(ByteRange)
        case notModified
        case failed
    }

    var ifMatch: String?
    var ifNoneMatch: String?
    var ifRange: String?
    var range: String?

    init(_ headers: HTTPHeaders) {
        for (name, value) in headers {
            switch name.utf8.count {
            case 5 where name.lowercased() == "range": range = range ?? value
            case 8 where name.lowercased() == "if-match": ifMatch = Self.joined(ifMatch, value)
            case 8 where name.lowercased() == "if-range": ifRange = ifRange ?? value
            case 13 where name.lowercased() == "if-none-match": ifNoneMatch = Self.joined(ifNoneMatch, value)
            default: break
            }
        }
    }

    private static func joined(_ first: String?, _ second: String) -> String {
        first.map { "\($0), \(second)" } ?? second
    }

    /// In the order of RFC 9110 §13.2.2.
    ///
    /// - Parameter tag: The resource's strong entity tag with its quotes; nil when it has none.
    func outcome(tag: String?, length: UInt64) -> Outcome {
        if let ifMatch, !Self.contains(ifMatch, tag, allowingWeak: false) { return .failed }
        if let ifNoneMatch, Self.contains(ifNoneMatch, tag, allowingWeak: true) { return .notModified }
        // We have no dates, so only a strong tag can say that the part is of the same whole (§13.1.5).
        if let ifRange, ifRange != tag { return .proceed(.whole) }
        return .proceed(ByteRange(header: range, length: length))
    }

    private static func contains(_ list: String, _ tag: String?, allowingWeak: Bool) -> Bool {
        for element in list.split(separator: ",") {
            let element = element.drop { $0 == " " || $0 == "\t" }
            let trimmed = element.prefix { $0 != " " && $0 != "\t" }
            if trimmed == "*" { return true }
            guard let tag else { continue }
            if trimmed == tag || allowingWeak && trimmed == "W/\(tag)" { return true }
        }
        return false
    }
}
