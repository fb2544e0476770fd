/// What the builder says of the root that is to be fetched: `etc/muster/root.json`, as the image's manifest has it.
struct RootDescription: Equatable {
    static let path = "/etc/muster/root.json"
    /// Of the file system and of the tree behind it, in bytes.
    static let block: UInt64 = 4096

    enum Kind: String { case squashfs, erofs }

    /// The tree of hashes behind the file system, with its superblock in front.
    struct Verity: Equatable {
        /// In hex.
        var hash: String
        /// Where the file system ends, in bytes.
        var offset: UInt64
        /// In hex.
        var salt: String
    }

    /// 64 digits.
    var digest: String
    /// In bytes, all together.
    var size: UInt64
    var kind: Kind
    var verity: Verity?

    /// - Throws: what is wrong, of a file that no builder made.
    init(parsing bytes: [UInt8]) throws(InitError) {
        guard let json = try? JSONParser.parse(bytes), let digest = Self.digits(json["digest"]),
            let size = json["size"]?.integer, size > 0, let kind = json["type"]?.text.flatMap(Kind.init)
        else {
            throw InitError("\(Self.path) does not say what the root is, expected digest, size and type")
        }
        self.digest = digest
        self.size = UInt64(size)
        self.kind = kind
        guard let verity = json["verity"] else { return }
        guard let hash = Self.digits(verity["hash"]), let offset = verity["offset"]?.integer,
            let salt = verity["salt"]?.text, Self.isHexadecimal(salt), salt.utf8.count <= 512, offset > 0,
            UInt64(offset).isMultiple(of: Self.block), offset < size
        else {
            throw InitError("\(Self.path) does not say where the root's tree is, expected hash, offset and salt")
        }
        self.verity = Verity(hash: hash, offset: UInt64(offset), salt: salt)
    }

    /// The target's parameters (Linux, Documentation/admin-guide/device-mapper/verity.rst); the tree begins one block
    /// behind its superblock.
    static func table(_ verity: Verity, device: String) -> String {
        let blocks = verity.offset / block
        return "1 \(device) \(device) \(block) \(block) \(blocks) \(blocks + 1) sha256 \(verity.hash) \(verity.salt)"
    }

    private static func digits(_ json: JSON?) -> String? {
        guard let text = json?.text, text.hasBytes(prefix: "sha256:") else { return nil }
        let digits = text.droppingBytes(7)
        return digits.utf8.count == 64 && isHexadecimal(digits) ? digits : nil
    }

    private static func isHexadecimal(_ text: String) -> Bool { text.utf8.allSatisfy { $0.hexadecimalValue != nil } }
}
