import Control
import FoundationEssentials

#if canImport(Glibc)
import Glibc
#endif

/// What people and programs read: standard output for results, standard error for everything else.
enum Terminal {
    /// In columns and rows.
    struct Window: Hashable {
        var width: Int
        var height: Int
    }

    /// The window behind a descriptor; nil when it is no terminal, or one too small to draw in.
    static func window(of descriptor: CInt) -> Window? {
        guard isatty(descriptor) == 1 else { return nil }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20, size.ws_row > 3 else { return nil }
        return Window(width: Int(size.ws_col), height: Int(size.ws_row))
    }

    static func print(_ text: String, terminator: String = "\n") {
        write(text + terminator, to: STDOUT_FILENO)
    }

    /// Prints a value as JSON: keys sorted, two blanks of indentation.
    static func print(json value: some Encodable) throws {
        print(try json(value))
    }

    static func json(_ value: some Encodable, pretty: Bool = true) throws -> String {
        let encoder = ControlJSON.encoder
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func warn(_ text: String) {
        write("muster: \(text)\n", to: STDERR_FILENO)
    }

    /// Writes to standard error as it is, without a newline.
    static func write(error text: String) {
        if !text.isEmpty { write(text, to: STDERR_FILENO) }
    }

    /// Writes all of it, or as much as the other end takes.
    private static func write(_ text: String, to descriptor: CInt) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0 {
                    guard errno == EINTR || errno == EAGAIN else { return }
                    continue
                }
                rest = rest.dropFirst(count)
            }
        }
    }
}
