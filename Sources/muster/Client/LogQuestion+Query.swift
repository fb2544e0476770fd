import Fleet
import Foundation

extension LogQuestion {
    /// As the query of a URL, `?` included; empty when nothing is asked for.
    var query: String {
        var components = URLComponents()
        var items: [URLQueryItem] = []
        if let container { items.append(URLQueryItem(name: "container", value: container)) }
        if follows { items.append(URLQueryItem(name: "follow", value: "true")) }
        if let lines { items.append(URLQueryItem(name: "lines", value: "\(lines)")) }
        components.queryItems = items
        guard let query = components.percentEncodedQuery, !query.isEmpty else { return "" }
        // Left alone by URLComponents, a plus would be read as a blank.
        return "?" + query.replacing("+", with: "%2B")
    }
}
