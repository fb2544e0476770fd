/// Why the lab does not start, or did not come to its end.
struct LabError: Error, CustomStringConvertible, Hashable {
    var description: String

    init(_ description: String) { self.description = description }
}
