import CInit

/// What containers share: a directory over what its image brought, written to memory.
enum Volume {
    static func mountAll(console: Console) {
        for name in FileSystem.names(in: "/containers/volumes") {
            let directory = "/containers/volumes/\(name)"
            do throws(InitError) {
                let temporary = directory + "/tmp"
                try Mounting.mount("tmpfs", on: temporary, type: "tmpfs", flags: 0)
                try FileSystem.makeDirectories(temporary + "/upper")
                try FileSystem.makeDirectories(temporary + "/work")
                let data = "lowerdir=\(directory)/lower,upperdir=\(temporary)/upper,workdir=\(temporary)/work"
                try Mounting.mount("overlay", on: directory + "/merged", type: "overlay", flags: 0, data: data)
                try Mounting.mount(nil, on: directory + "/merged", type: nil, flags: UInt32(SYS_MOUNT_SHARED))
            } catch {
                console.say("the volume \(name) cannot be written: \(error.message)")
            }
        }
    }
}
