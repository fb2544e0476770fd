/// Which services wait for which.
enum StartOrder {
    /// Services that can never start because they wait for one another, or for such: those of `after` whose names are among
    /// `names`. The builder refuses them; an image's label may still bring them.
    static func stuck(_ after: [String: [String]]) -> Set<String> {
        var left = after.mapValues { $0.filter { after[$0] != nil } }
        while true {
            let free = left.filter { $0.value.allSatisfy { left[$0] == nil } }
            guard !free.isEmpty else { return Set(left.keys) }
            for name in free.keys { left[name] = nil }
        }
    }
}
