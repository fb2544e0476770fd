/// A machine's console without a terminal: printed as it comes, and watched.
struct LabConsole: Sendable {
    /// Before each line, to tell machines apart; empty for one alone.
    let prefix: String
    private var scanner = ConsoleScanner()
    private var line: [UInt8] = []

    init(prefix: String) { self.prefix = prefix }

    /// Prints `bytes`, whole lines only when there is a prefix.
    /// - Returns: the systems that said that they are up.
    mutating func print(_ bytes: [UInt8]) -> [ConsoleScanner.Marker] {
        if prefix.isEmpty {
            Terminal.print(String(decoding: bytes, as: UTF8.self), terminator: "")
        } else {
            for byte in bytes {
                if byte == UInt8(ascii: "\n") {
                    Terminal.print(prefix + String(decoding: line, as: UTF8.self))
                    line.removeAll(keepingCapacity: true)
                } else if byte != UInt8(ascii: "\r") {
                    line.append(byte)
                }
            }
        }
        return scanner.scan(bytes)
    }
}
