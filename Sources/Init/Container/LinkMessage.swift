/// Requests to rtnetlink (rtnetlink(7)) that make a network link or move it to a process's namespace. Numbers are in the
/// byte order of the machine, which is little-endian on both of ours.
///
///     nlmsghdr: length 4, type 2, flags 2, sequence 4, port 4
///     ifinfomsg: family 1, padding 1, type 2, index 4, flags 4, change 4
///     rtattr: length 2, type 2, value, padding to 4
struct LinkMessage: Equatable {
    private(set) var bytes: [UInt8] = []

    private enum Request {
        static let newLink: UInt16 = 16
        static let setLink: UInt16 = 19
        /// NLM_F_REQUEST | NLM_F_ACK, and NLM_F_CREATE | NLM_F_EXCL.
        static let flags: UInt16 = 0x5
        static let making: UInt16 = 0x600
    }

    private enum Attribute {
        static let name: UInt16 = 3
        static let linkInformation: UInt16 = 18
        static let namespaceProcess: UInt16 = 19
        static let kind: UInt16 = 1
        static let data: UInt16 = 2
        static let peer: UInt16 = 1
    }

    /// Makes a link: with a peer a pair of them. `process` names the namespace where it comes to be.
    static func make(_ name: String, kind: String, peer: String?, process: Int32?) -> LinkMessage {
        var message = LinkMessage()
        message.header(index: 0)
        message.text(Attribute.name, name)
        message.nested(Attribute.linkInformation) { information in
            information.text(Attribute.kind, kind)
            guard let peer else { return }
            information.nested(Attribute.data) { data in
                data.nested(Attribute.peer) { other in
                    other.header(index: 0)
                    other.text(Attribute.name, peer)
                }
            }
        }
        if let process { message.number(Attribute.namespaceProcess, UInt32(bitPattern: process)) }
        return message.framed(Request.newLink, flags: Request.flags | Request.making)
    }

    /// Moves a link that is there.
    static func move(index: Int32, process: Int32) -> LinkMessage {
        var message = LinkMessage()
        message.header(index: index)
        message.number(Attribute.namespaceProcess, UInt32(bitPattern: process))
        return message.framed(Request.setLink, flags: Request.flags)
    }

    private mutating func header(index: Int32) {
        bytes += [0, 0, 0, 0]
        append(UInt32(bitPattern: index))
        append(UInt32(0))
        append(UInt32(0))
    }

    private mutating func attribute(_ type: UInt16, _ value: [UInt8]) {
        append(UInt16(4 + value.count))
        append(type)
        bytes += value
        while !bytes.count.isMultiple(of: 4) { bytes.append(0) }
    }

    private mutating func text(_ type: UInt16, _ text: String) { attribute(type, Array(text.utf8) + [0]) }

    private mutating func number(_ type: UInt16, _ value: UInt32) {
        var inner = LinkMessage()
        inner.append(value)
        attribute(type, inner.bytes)
    }

    private mutating func nested(_ type: UInt16, _ body: (inout LinkMessage) -> Void) {
        var inner = LinkMessage()
        body(&inner)
        attribute(type, inner.bytes)
    }

    private func framed(_ type: UInt16, flags: UInt16) -> LinkMessage {
        var message = LinkMessage()
        message.append(UInt32(16 + bytes.count))
        message.append(type)
        message.append(flags)
        message.append(UInt32(1))
        message.append(UInt32(0))
        message.bytes += bytes
        return message
    }

    private mutating func append(_ value: UInt16) { bytes += [UInt8(value & 255), UInt8(value >> 8)] }

    private mutating func append(_ value: UInt32) {
        append(UInt16(value & 0xffff))
        append(UInt16(value >> 16))
    }
}
