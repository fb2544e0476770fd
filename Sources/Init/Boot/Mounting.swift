import CInit

/// mount(2), in words.
enum Mounting {
    /// - Parameter source: nil for none, as a change of propagation or a remount has.
    static func mount(
        _ source: String?,
        on target: String,
        type: String?,
        flags: UInt32,
        data: String? = nil
    ) throws(InitError) {
        let result = sys_mount(source ?? "none", target, type ?? "none", flags, data)
        guard result >= 0 else {
            let what = type ?? source ?? "flags"
            throw InitError("mount \(what) on \(target)\(data.map { " with \($0)" } ?? "")", code: Int(result))
        }
    }

    /// Carries out one mount of `runtime.json`: makes its directories, mounts, and then sets what can only be set afterwards
    /// (how it spreads, and read-only for a bind).
    /// - Parameter target: where, absolute.
    static func mount(_ request: MountRequest, on target: String) throws(InitError) {
        try FileSystem.makeDirectories(target)
        for directory in request.options.directories { try FileSystem.makeDirectories(directory) }
        let options = request.options
        let isBind = options.flags & UInt32(SYS_MOUNT_BIND) != 0
        if options.flags != 0 || options.propagation == 0 || request.type != nil {
            let data = options.data.utf8.isEmpty ? nil : options.data
            try mount(request.source, on: target, type: isBind ? nil : request.type, flags: options.flags, data: data)
        }
        let isReadOnly = options.flags & UInt32(SYS_MOUNT_READONLY) != 0
        if isBind, isReadOnly, options.flags & UInt32(SYS_MOUNT_REMOUNT) == 0 {
            let again = options.flags & ~UInt32(SYS_MOUNT_RECURSIVE) | UInt32(SYS_MOUNT_REMOUNT)
            try mount(nil, on: target, type: nil, flags: again)
        }
        if options.propagation != 0 { try mount(nil, on: target, type: nil, flags: options.propagation) }
    }
}
