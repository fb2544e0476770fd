import Control
import Foundation

extension MachineSelection {
    /// The selection as the query of a URL, `?` included; empty when it selects all.
    var query: String {
        var components = URLComponents()
        components.queryItems = names.map { URLQueryItem(name: "name", value: $0) }
        if let selector { components.queryItems?.append(URLQueryItem(name: "selector", value: selector)) }
        guard let query = components.percentEncodedQuery, !query.isEmpty else { return "" }
        // Left alone by URLComponents, a plus would be read as a blank.
        return "?" + query.replacing("+", with: "%2B")
    }
}
