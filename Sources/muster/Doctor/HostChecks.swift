import Build
import Control
import Foundation
import Inventory
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

extension Configuration {
    /// Room for images, leases and logs on the data directory's file system.
    var spaceFindings: [Finding] {
        var path = data
        while access(path, F_OK) != 0, path != "/", path != "." {
            path = (path as NSString).deletingLastPathComponent
            if path.isEmpty { path = "." }
        }
        var status = statvfs()
        guard statvfs(path, &status) == 0 else {
            return [.warning("space", "\(path): \(String(cString: strerror(errno)))", cure: "run this as root")]
        }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        let subject = "space in \(data)"
        let cure = "make room; nothing new is granted when leases and boots cannot be written"
        if free < 64 << 20 { return [.broken(subject, "\(byteCount(free)) free", cure: cure)] }
        if free < 2 << 30 { return [.warning(subject, "\(byteCount(free)) free", cure: cure)] }
        if status.f_files > 0, status.f_favail < 10_000 {
            return [.warning(subject, "\(status.f_favail) inodes free", cure: cure)]
        }
        return [.good(subject, "\(byteCount(free)) free")]
    }

    /// The two databases, read only: a damaged one is never overwritten.
    var databaseFindings: [Finding] {
        ["inventory.sqlite", "ledger.sqlite"].map { name in
            let path = data + "/" + name
            let subject = "database \(name)"
            guard access(path, F_OK) == 0 else { return .good(subject, "not there yet") }
            do {
                let problems = try DatabaseIntegrity.check(path: path)
                guard let first = problems.first else { return .good(subject, "whole") }
                return .broken(
                    subject,
                    "damaged: \(first)" + (problems.count > 1 ? " and \(problems.count - 1) more" : ""),
                    cure:
                        "stop muster, move \(path) away, and restore a copy; machines boot from the snapshot meanwhile"
                )
            } catch {
                return .broken(subject, "\(error)", cure: "run this as root or as user \(user)")
            }
        }
    }

    /// Whether machines whose last good image fails could be given the one that is named for them.
    var rescueFindings: [Finding] {
        guard let rescue else { return [] }
        let subject = "rescue image"
        let cure = "`muster image ls` lists the images; build or import it, or correct `rescue:`"
        guard access(data + "/images", F_OK) == 0 else {
            return [.broken(subject, "there is no image '\(rescue)', nor any other", cure: cure)]
        }
        do {
            let digest = try ImageStore(dataDirectory: data).resolve(rescue)
            return [.good(subject, "\(rescue) is \(digest.short)")]
        } catch let error as BuildError where error.code == .ambiguous {
            return [.good(subject, error.message)]
        } catch {
            return [.broken(subject, "\(error)", cure: cure)]
        }
    }
}

/// Whether the host's clock can be believed: leases, certificates and tries go by it.
func clockFindings(at now: Timestamp = Moment.now().wall) async -> [Finding] {
    // The beginning of 2025: no clock that says earlier is right.
    let earliest = Timestamp(milliseconds: 1_735_689_600_000)
    guard now >= earliest else {
        return [
            .broken(
                "clock",
                "it says \(Time(now))",
                cure: "set it: timedatectl set-ntp true"
            )
        ]
    }
    let answer = try? await HostProgram.run("timedatectl", ["show", "--property=NTPSynchronized", "--value"])
    return switch answer?.trimmingCharacters(in: .whitespacesAndNewlines) {
    case "yes": [.good("clock", "synchronised")]
    case "no": [.warning("clock", "not synchronised", cure: "timedatectl set-ntp true")]
    default: [.good("clock", "it says \(Time(now))")]
    }
}
