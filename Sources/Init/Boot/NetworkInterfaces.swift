/// The network cards of the machine, as `/sys/class/net` has them.
struct NetworkInterface: Equatable {
    var name: String
    /// Lower-case, with colons.
    var mac: String
    var driver: String?
    /// In Mbit/s; nil when there is no link.
    var speed: Int?

    /// Those with hardware behind them, by name.
    static func all() -> [NetworkInterface] {
        FileSystem.names(in: "/sys/class/net").compactMap { name in
            let directory = "/sys/class/net/\(name)"
            guard FileSystem.exists(directory + "/device"), let mac = FileSystem.line(directory + "/address") else {
                return nil
            }
            let speed = FileSystem.line(directory + "/speed").flatMap { Int($0) }
            return NetworkInterface(
                name: name,
                mac: mac,
                driver: FileSystem.target(of: directory + "/device/driver", last: true),
                speed: speed.flatMap { $0 > 0 ? $0 : nil }
            )
        }
    }
}
