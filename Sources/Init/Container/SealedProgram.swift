import CInit

/// A copy of a program in memory that nobody can change, for as long as this process lives.
///
/// runc makes such a copy of itself, 8 MiB, whenever it makes a container or enters one, so that no container reaches the
/// program on the machine (CVE-2019-5736); started from one, it need not.
enum SealedProgram {
    /// Where copies are, to be looked through before other directories.
    static let directory = "/run/muster/bin"

    /// - Returns: the path of the copy, which has the program's name.
    static func make(of program: String, in directory: String = directory) throws(InitError) -> String {
        let name = Array(program.utf8).split(separator: UInt8(ascii: "/")).last.map { String(Array($0)) } ?? program
        let source = sys_open(program, UInt32(SYS_OPEN_READ))
        guard source >= 0 else { throw InitError("read \(program)", code: Int(source)) }
        defer { sys_close(source) }
        let file = sys_memory_file(name)
        guard file >= 0 else { throw InitError("make a file in memory", code: Int(file)) }
        do throws(InitError) {
            var count = 1
            while count > 0 { count = sys_copy(source, file, 1 << 30) }
            guard count == 0 else { throw InitError("copy \(program) into memory", code: count) }
            let sealed = sys_seal(file)
            guard sealed >= 0 else { throw InitError("seal the copy of \(program)", code: Int(sealed)) }
            try FileSystem.makeDirectories(directory)
            // The file has no other name.
            let path = "\(directory)/\(name)"
            let linked = sys_symlink("/proc/\(sys_own_process())/fd/\(file)", path)
            guard linked >= 0 else { throw InitError("make the link \(path)", code: Int(linked)) }
            return path
        } catch {
            sys_close(file)
            throw error
        }
    }
}
