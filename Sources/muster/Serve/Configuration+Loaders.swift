import Build
import Logging

extension Configuration {
    /// The loaders of this host: the operator's own, those that were fetched and those that are installed.
    func bootLoaders(logger: Logger) -> Loaders {
        let debian = DebianState(directory: data + "/debian", mirror: self.debian.mirror, logger: logger)
        return Loaders(data: data, debian: debian, logger: logger)
    }
}
