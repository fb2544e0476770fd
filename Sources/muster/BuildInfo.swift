import CBuildInfo
import Control

/// What this program is.
enum BuildInfo {
    static let version = "0.1"

    /// In hex; `unknown` when the build was not told.
    static let commit: String = {
        let commit = String(cString: muster_commit())
        return commit.isEmpty ? "unknown" : commit
    }()

    static var metric: MetricFamily {
        let labels = ["version": version, "commit": commit]
        return MetricFamily(
            "muster_build_info",
            "1; the labels say what is running.",
            .gauge,
            [.init(1, labels: labels)]
        )
    }
}
