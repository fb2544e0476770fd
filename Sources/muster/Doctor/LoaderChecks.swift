import Build
import Logging
import PXE

extension Configuration {
    /// The loaders that machines without one of their own are given, with their versions.
    func loaderFindings() async -> [Finding] {
        var logger = Logger(label: "muster")
        logger.logLevel = .critical
        let files = await bootLoaders(logger: logger).find()
        guard !files.isEmpty else {
            return [
                .broken("loaders", "none were found", cure: "apt-get install ipxe, or put some into \(data)/loaders")
            ]
        }
        let origins = Dictionary(grouping: files) { file in
            file.package.map { "\($0) \(file.version ?? "")" } ?? "the operator's own"
        }
        var findings = origins.sorted { $0.key < $1.key }.map { origin, files in
            Finding.good("loaders", "\(origin): " + files.map(\.name).sorted().joined(separator: ", "))
        }
        let names = Set(files.map(\.name))
        let named = dhcp.loaders.vendorClasses.values.flatMap(\.values) + dhcp.loaders.loaders.values
        let ours = Set(LoaderTable.defaults.values)
        for file in Set(named).sorted() where !file.isEmpty && !ours.contains(file) && !names.contains(file) {
            findings.append(
                .broken(
                    "loaders",
                    "dhcp.loaders names \(file), which is not there",
                    cure: "put it into \(data)/loaders"
                )
            )
        }
        return findings
    }
}
