import Vocabulary

extension SegmentPlan {
    /// What the files of a layer have to weigh in a part for a segment of their own, in bytes. It bounds the number of
    /// segments: there are no more of them than parts and, beyond those, mebibytes.
    static let smallestOwn: UInt64 = 1 << 20

    /// The plan of a part as segments that change apart: first everything that has no content, what the build made and
    /// the files of small layers; then the files of each large layer, in the order in which they are met.
    ///
    /// So a service that gets another layer, or another setting, costs what is in that layer, and the layers below it are
    /// neither unpacked nor compressed again. The directories of the whole part are in the first segment, because a
    /// layer above often touches them; the others hold files alone and can only be unpacked behind it.
    var byLayer: [SegmentPlan] {
        var sizes: [LayerID: UInt64] = [:]
        for item in items {
            if let layer = item.layer, let content = item.content { sizes[layer, default: 0] += content.size }
        }
        var first = SegmentPlan(part: part, items: [])
        var own: [SegmentPlan] = []
        var places: [LayerID: Int] = [:]
        for item in items {
            guard let layer = item.layer, sizes[layer]! >= Self.smallestOwn else {
                first.items.append(item)
                continue
            }
            let place = places[layer] ?? own.count
            if place == own.count {
                places[layer] = place
                own.append(SegmentPlan(part: "\(part)/\(place + 1)", items: []))
            }
            own[place].items.append(item)
        }
        // Files at the very top need no directory.
        return first.items.isEmpty ? own : [first] + own
    }
}

extension SegmentPlan.Item {
    /// The layer that the content lies in; nil for what has none, or has it from elsewhere.
    fileprivate var layer: LayerID? {
        guard case .layer(let id, _)? = content?.place else { return nil }
        return id
    }
}
