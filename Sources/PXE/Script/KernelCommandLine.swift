import Vocabulary

/// The arguments that a kernel is started with: the image's and the profile's, then those that every boot carries.
public struct KernelCommandLine: Hashable, Sendable {
    /// Words separated by single blanks; nothing in them is quoted for a loader yet.
    public let bytes: [UInt8]

    /// - Parameters:
    ///   - arguments: The image's and the profile's. Line ends and tabs around them are dropped.
    ///   - url: The boot plane that the booted system reports to, `http://A:P`.
    ///   - image: What the system names when it says that it is up.
    public init(
        arguments: String,
        boot: BootID,
        machine: String,
        mac: MACAddress,
        url: String,
        hasInitrd: Bool,
        hasSegment: Bool = false,
        image: Digest
    ) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(arguments.utf8.count + machine.utf8.count + 128)
        let utf8 = arguments.utf8
        if let first = utf8.firstIndex(where: { $0 > 0x20 }), let last = utf8.lastIndex(where: { $0 > 0x20 }) {
            bytes.append(contentsOf: utf8[first...last])
            bytes.append(UInt8(ascii: " "))
        }
        // An EFI stub finds initrds by the names that the loader gave them, and puts them behind each other in this order.
        if hasInitrd { bytes.append(contentsOf: "initrd=initrd ".utf8) }
        if hasSegment { bytes.append(contentsOf: "initrd=segment ".utf8) }
        bytes.append(contentsOf: "muster.boot=".utf8)
        bytes.append(contentsOf: boot.rawValue.utf8)
        bytes.append(contentsOf: " muster.machine=".utf8)
        Self.append(value: machine, to: &bytes)
        bytes.append(contentsOf: " muster.url=".utf8)
        bytes.append(contentsOf: url.utf8)
        bytes.append(contentsOf: " BOOTIF=01-".utf8)
        bytes.append(contentsOf: mac.hyphenated.utf8)
        bytes.append(contentsOf: " muster.image=".utf8)
        bytes.append(contentsOf: image.short.utf8)
        self.bytes = bytes
    }

    /// How many bytes a kernel takes, without the NUL at the end: COMMAND_LINE_SIZE in each architecture's
    /// `asm/setup.h`. A longer one is cut off by the kernel without a word.
    public static func limit(for architecture: Architecture?) -> Int {
        switch architecture {
        case .arm?, .riscv64?: 1023
        case .loong64?: 4095
        default: 2047
        }
    }

    /// A value that must stay one word for the kernel as well, which splits at white space outside double quotes.
    private static func append(value: String, to bytes: inout [UInt8]) {
        for byte in value.utf8 {
            if isControl(byte) || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\"") {
                IPXEQuoting.appendSpelled(byte, to: &bytes)
            } else {
                bytes.append(byte)
            }
        }
    }
}
