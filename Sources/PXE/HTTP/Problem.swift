/// The body of an answer that is none (RFC 9457), for people and programs; machines get scripts instead.
struct Problem: Sendable {
    let status: ResponseHead.Status
    let body: [UInt8]
    /// The methods that the resource takes, with 405.
    private let allow: StaticString?

    /// - Parameter retryAfter: Seconds; said only where coming again helps.
    func head(contentRange: String? = nil, retryAfter: Int) -> ResponseHead {
        ResponseHead(
            status: status,
            mediaType: MediaType.problem,
            length: UInt64(body.count),
            caching: .never,
            contentRange: contentRange,
            retryAfter: status == .unavailable ? retryAfter : nil,
            allow: allow
        )
    }

    /// - Parameter detail: printable ASCII without quotes and backslashes.
    private init(_ status: ResponseHead.Status, title: String, detail: String, allow: StaticString? = nil) {
        self.status = status
        self.allow = allow
        let text = #"{"type":"about:blank","title":"\#(title)","status":\#(status.rawValue),"detail":"\#(detail)"}"#
        body = Array((text + "\n").utf8)
    }

    static let notFound = Problem(.notFound, title: "Not Found", detail: "nothing is served under this name")
    static let badRequest = Problem(
        .badRequest,
        title: "Bad Request",
        detail: "this is no HTTP/1.1 request, or it does not name one host"
    )
    static let methodNotAllowed = Problem(
        .methodNotAllowed,
        title: "Method Not Allowed",
        detail: "the boot plane is read-only: GET and HEAD",
        allow: "GET, HEAD"
    )
    static let onlyPOST = Problem(
        .methodNotAllowed,
        title: "Method Not Allowed",
        detail: "this is sent by POST",
        allow: "POST"
    )
    static let onlyGET = Problem(
        .methodNotAllowed,
        title: "Method Not Allowed",
        detail: "this is asked for by GET: whether it is there is nobody else's to know",
        allow: "GET"
    )
    static let unauthorized = Problem(
        .unauthorized,
        title: "Unauthorized",
        detail: "the boot's own token is needed, from its machine's own address"
    )
    static let forbidden = Problem(
        .forbidden,
        title: "Forbidden",
        detail: "a machine segment is handed out once, to its machine, after the kernel"
    )
    static let bootClosed = Problem(.conflict, title: "Conflict", detail: "that boot is closed")

    /// - Parameter why: in words of ours.
    static func malformedCall(_ why: String) -> Problem {
        let plain = why.unicodeScalars.filter { $0.isASCII && $0.value >= 0x20 && $0 != "\"" && $0 != "\\" }
        return Problem(.badRequest, title: "Bad Request", detail: String(String.UnicodeScalarView(plain)))
    }

    static let preconditionFailed = Problem(
        .preconditionFailed,
        title: "Precondition Failed",
        detail: "the resource is not the one that If-Match names"
    )
    static let contentTooLarge = Problem(
        .contentTooLarge,
        title: "Content Too Large",
        detail: "the boot plane takes no such request body"
    )
    static let rangeNotSatisfiable = Problem(
        .rangeNotSatisfiable,
        title: "Range Not Satisfiable",
        detail: "the resource ends before the range that was asked for"
    )
    static let fieldsTooLarge = Problem(
        .fieldsTooLarge,
        title: "Request Header Fields Too Large",
        detail: "the request's line and fields are longer than the server takes"
    )
    static let unavailable = Problem(
        .unavailable,
        title: "Service Unavailable",
        detail: "too many connections or no answer in time: ask again later"
    )
}
