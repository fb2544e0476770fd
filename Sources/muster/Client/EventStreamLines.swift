import Foundation

/// Cuts a stream of server-sent events into the data of each: bytes in, whole events out.
struct EventStreamLines {
    private var line: [UInt8] = []
    private var data: [UInt8] = []

    /// The data of the events that `bytes` completes.
    mutating func append(_ bytes: some Sequence<UInt8>) -> [Data] {
        var events: [Data] = []
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                continue
            }
            if line.isEmpty {
                if !data.isEmpty { events.append(Data(data)) }
                data = []
            } else if line.starts(with: "data: ".utf8) {
                if !data.isEmpty { data.append(UInt8(ascii: "\n")) }
                data += line.dropFirst(6)
            }
            line = []
        }
        return events
    }
}
