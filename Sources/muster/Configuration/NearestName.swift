/// The name among `candidates` that `name` was most likely meant to be; nil when none is near.
///
/// Near is at most a third of the letters wrong, at least one: counted as insertions, deletions, replacements and swaps
/// of neighbours, without regard to case.
func nearestName(to name: String, among candidates: some Sequence<String>) -> String? {
    let limit = max(1, name.utf8.count / 3)
    return
        candidates
        .map { (candidate: $0, distance: editDistance(Array(name.lowercased().utf8), Array($0.lowercased().utf8))) }
        .filter { $0.distance <= limit }
        .min { ($0.distance, $0.candidate) < ($1.distance, $1.candidate) }?
        .candidate
}

/// The optimal string alignment distance of two byte strings.
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
            row.append(best)
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}
