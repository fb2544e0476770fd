import CInit

/// What could not be done: what was tried, on what, and why it failed, as one line for the console.
struct InitError: Error {
    let message: String

    init(_ message: String) { self.message = message }

    /// - Parameters:
    ///   - attempt: "mount proc on /proc".
    ///   - code: A system call's result, a negative error number.
    init(_ attempt: String, code: Int) {
        message = "cannot \(attempt): \(Self.text(of: code))"
    }

    static func text(of code: Int) -> String {
        guard let text = sys_error_text(Int32(truncatingIfNeeded: code)) else { return "error \(-code)" }
        return String(cString: text)
    }
}

/// Error numbers that mean something to us, as system calls return them; they are the same on every architecture.
enum ErrorNumber {
    static let noEntry = -2
    static let again = -11
    static let exists = -17
    static let noDevice = -19
    static let networkDown = -100
    static let noBuffers = -105
    static let inProgress = -115
}
