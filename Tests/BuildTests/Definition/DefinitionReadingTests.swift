import Foundation
import Testing

@testable import Build

@Suite("Definitions: reading")
struct DefinitionReadingTests {
    private func read(_ texts: String...) throws -> Definition {
        try Definition(
            reading: texts.enumerated().map { Definition.Source(path: "\($0.offset).yml", text: $0.element) }
        )
    }

    private func settings(_ text: String) throws -> ContainerSettings {
        try #require(read("services: [{name: a, image: a, \(text)}]").services.first).settings
    }

    // MARK: What is honoured

    @Test("every key of a container")
    func container() throws {
        let settings = try settings(
            """
            capabilities: [CAP_CHOWN], ambient: [CAP_KILL], binds: [/a:/b:ro], binds.add: [v:/w], tmpfs: ["/t:size=5,ro"],
            mounts: [{destination: /d, type: t, source: s, options: [o], uidmappings: [{hostID: 1, containerID: 2, size: 3}]}],
            devices: [{path: /dev/x, type: c, major: 1, minor: 2, mode: "0666"}, {path: all, type: b}], command: [c], env: [E=1],
            cwd: /, net: new, ipc: host, uts: none, pid: /p, userns: root, hostname: h, readonly: true, maskedPaths: [/m],
            readonlyPaths: [/r], uid: 5, gid: a, additionalGids: [6, root, a], noNewPrivileges: true, oomScoreAdj: -5,
            rootfsPropagation: shared, cgroupsPath: /c, sysctl: {a.b: "1"}, annotations: {x: y},
            rlimits: ["nofile,1,unlimited", " RLIMIT_as , 2,3"], uidMappings: [{hostID: 1000, containerID: 0, size: 10}],
            gidMappings: [], runtime: {cgroups: [g], mounts: [{type: tmpfs}], mkdir: [d], interfaces: [{name: n, add: veth,
            peer: p, createInRoot: true}], bindNS: {cgroup: a, ipc: b, mnt: c, net: d, pid: e, user: f, uts: g}, namespace: x}
            """
        )
        #expect(settings.capabilities == ["CAP_CHOWN"])
        #expect(settings.ambientCapabilities == ["CAP_KILL"])
        #expect(settings.binds == [.init(source: "/a", destination: "/b", options: ["ro"])])
        #expect(settings.addedBinds == [.init(source: "v", destination: "/w")])
        #expect(settings.temporaryFileSystems == [.init(destination: "/t", options: ["size=5", "ro"])])
        #expect(settings.mounts?.first?.userMappings == [.init(hostID: 1, containerID: 2, size: 3)])
        #expect(settings.mounts?.first?.options == ["o"])
        #expect(settings.devices?.map(\.mode) == [0o666, nil])
        #expect(settings.devices?.first?.major == 1)
        #expect([settings.command, settings.environment, settings.maskedPaths] == [["c"], ["E=1"], ["/m"]])
        #expect([settings.network, settings.interProcess, settings.hostNames] == ["new", "host", "none"])
        #expect(
            [settings.processes, settings.users, settings.hostName, settings.workingDirectory] == [
                "/p", "root", "h", "/",
            ]
        )
        #expect([settings.isReadOnly, settings.hasNoNewPrivileges] == [true, true])
        #expect(settings.readOnlyPaths == ["/r"])
        #expect([settings.user, settings.group] == [.number(5), .entry("a")])
        #expect(settings.additionalGroups == [.number(6), .number(0), .entry("a")])
        #expect(settings.outOfMemoryScore == -5)
        #expect([settings.rootPropagation, settings.controlGroupPath] == ["shared", "/c"])
        #expect([settings.kernelParameters, settings.annotations] == [["a.b": "1"], ["x": "y"]])
        #expect(
            settings.limits == [
                .init(type: "RLIMIT_NOFILE", soft: 1, hard: .max), .init(type: "RLIMIT_AS", soft: 2, hard: 3),
            ]
        )
        #expect(settings.userMappings == [.init(hostID: 1000, containerID: 0, size: 10)])
        #expect(settings.groupMappings == [])
        let runtime = try #require(settings.runtime)
        #expect([runtime.controlGroups, runtime.directories] == [["g"], ["d"]])
        #expect(runtime.mounts?.first?.type == "tmpfs")
        #expect(runtime.interfaces?.first?.peer == "p")
        #expect(runtime.interfaces?.first?.isCreatedInRoot == true)
        #expect(runtime.boundNamespaces?.hostNames == "g")
        #expect(runtime.namespace == "x")
    }

    @Test("every key of resources")
    func resources() throws {
        let resources = try #require(
            settings(
                """
                resources: {devices: [{allow: true, type: c, major: 1, minor: 2, access: rw}],
                memory: {limit: 1, reservation: 2, swap: -1, kernel: 4, kernelTCP: 5, swappiness: 6, disableOOMKiller: true},
                cpu: {shares: 1, quota: 2, period: 3, realtimeRuntime: 4, realtimePeriod: 5, cpus: "0-3", mems: "0"},
                pids: {limit: 7}, hugepageLimits: [{pageSize: 2, limit: 5}], network: {classID: 9, priorities: [{name: e, priority: 1}]},
                blockio: {weight: 5, leafWeight: 6, weightDevice: [{major: 1, minor: 2, weight: 3, leafWeight: 4}],
                throttleReadBpsDevice: [{major: 1, minor: 2, rate: 3}], throttleWriteBpsDevice: [],
                throttleReadIOPSDevice: [{major: 1, minor: 2, rate: 18446744073709551615}], throttleWriteIOPSDevice: []}}
                """
            ).resources
        )
        #expect(resources.devices.first?.access == "rw")
        #expect(resources.memory?.swap == -1)
        #expect(resources.memory?.kernelTCP == 5)
        #expect(resources.memory?.disablesOutOfMemoryKiller == true)
        #expect(resources.processor?.realtimePeriod == 5)
        #expect(resources.processor?.processors == "0-3")
        #expect(resources.processLimit == 7)
        #expect(resources.hugePageLimits == [.init(pageSize: "2MB", limit: 5)])
        #expect(resources.network?.classID == 9)
        #expect(resources.network?.priorities == [.init(name: "e", priority: 1)])
        #expect(resources.blockDevices?.weightDevices.first?.leafWeight == 4)
        #expect(resources.blockDevices?.readOperations.first?.rate == .max)
    }

    @Test("kernel, volumes, files and what is ours")
    func sections() throws {
        let definition = try read(
            """
            kernel: {image: k, cmdline: c, binary: b, tar: "", ucode: u}
            init: [a, b:c]
            trust: {image: [x], org: [y]}
            volumes: [{name: a-b_0, image: v, readonly: true, format: oci, platforms: [linux/amd64, linux/arm/v7]}, {name: n}]
            files:
            - {path: /a//b/./c, contents: "x", mode: "4755", uid: -2, gid: 4294967295}
            - {path: d, directory: true}
            - {path: l, symlink: ../x}
            - {path: s, source: ~/x, optional: true, mode: ""}
            - {path: m, metadata: yaml, contents: }
            muster: {kernel: {initrd: gzip}}
            """.replacingOccurrences(of: ", contents: }", with: "}")
        )
        let kernel = try #require(definition.kernel)
        #expect([kernel.image?.description, kernel.commandLine, kernel.binary] == ["docker.io/library/k", "c", "b"])
        #expect([kernel.tar, kernel.microcode] == ["", "u"])
        #expect(definition.initImages.map(\.image.description) == ["docker.io/library/a", "docker.io/library/b:c"])
        #expect(definition.volumes.first?.format == .oci)
        #expect(definition.volumes.first?.platforms == ["linux/amd64", "linux/arm/v7"])
        #expect(definition.files.map(\.path) == ["a/b/c", "d", "l", "s", "m"])
        #expect(definition.files[0].owner == .number(4_294_967_294))
        #expect(definition.files[0].group == .number(.max))
        #expect(definition.files[0].mode == 0o4755)
        #expect(definition.files[3].isOptional)
        #expect(definition.files[3].mode == nil)
        #expect(definition.initrdCompression == .gzip)
    }

    @Test("files are merged: fields of the kernel one by one, lists one after the other")
    func merging() throws {
        let definition = try read(
            "kernel: {image: a, cmdline: x, tar: none}\ninit: [i]\nvolumes: [{name: v}]\nservices: [{name: s, image: s}]",
            "kernel: {image: '', cmdline: '', binary: bb}\ninit: [j]\nservices: [{name: t, image: t, binds: ['v:/v']}]",
            "kernel: {cmdline: y}\nfiles: [{path: f, contents: '', uid: s}]\n---\nignored: true"
        )
        let kernel = try #require(definition.kernel)
        #expect(kernel.image?.description == "docker.io/library/a")
        #expect([kernel.commandLine, kernel.binary, kernel.tar] == ["y", "bb", "none"])
        #expect(definition.initImages.map(\.image.description) == ["docker.io/library/i", "docker.io/library/j"])
        #expect(definition.services.map(\.name) == ["s", "t"])
        #expect(definition.identifiers == ["s": 100, "t": 101])
    }

    @Test("anchors, aliases and merged mappings")
    func anchors() throws {
        let definition = try read(
            """
            services:
            - &first {name: a, image: peer/a, env: &env [A=1], readonly: true}
            - {<<: *first, name: b, binds: []}
            - {name: c, image: peer/c, env: *env}
            """
        )
        #expect(definition.services.map(\.name) == ["a", "b", "c"])
        #expect(definition.services.map(\.settings.environment) == [["A=1"], ["A=1"], ["A=1"]])
        #expect(definition.services[1].settings.isReadOnly == true)
    }

    // MARK: What is refused

    @Test(
        "what is wrong is said with its place, what was found and what was expected",
        arguments: [
            ("servces: []", "0.yml:1:1: found unknown key 'servces', expected one of kernel, init, volumes, onboot, "),
            ("servces: []", "; did you mean 'services'?"),
            ("kernel:\n  imge: a", "0.yml:2:3: found unknown key 'imge'"),
            ("Kernel: {}", "did you mean 'kernel'?"),
            ("init: a", "0.yml:1:7: found 'a', expected a list of image names"),
            ("init:", "0.yml:1:6: found nothing, expected a list of image names"),
            ("init: [5]", "0.yml:1:8: found a number 5, expected an image name (in quotes)"),
            ("init: [A]", "0.yml:1:8: found 'A', expected an image name"),
            ("- a", "0.yml:1:1: found a list, expected a mapping"),
            (
                "init: ['@pkg:../init']",
                "0.yml:1:8: found '@pkg:../init', which LinuxKit computes from a package's directory"
            ),
            ("services: [{image: a}]", "0.yml:1:12: found no 'name'"),
            ("services: [{name: a}]", "0.yml:1:12: found no 'image'"),
            ("services: [{name: a/b, image: a}]", "0.yml:1:19: found the name 'a/b'"),
            ("services: [{name: a--b, image: a}]", "found the name 'a--b'"),
            ("services: [{name: '', image: a}]", "found the name ''"),
            ("services: [{name: \(String(repeating: "a", count: 77)), image: a}]", "expected at most 76 letters"),
            (
                "services: [{name: a, image: a}, {name: a, image: b}]",
                "0.yml:1:33: found a second service 'a', expected names that differ; the first is at 0.yml:1:12"
            ),
            ("volumes: [{name: a}, {name: a}]", "0.yml:1:22: found a second volume 'a'"),
            ("volumes: [{name: A}]", "0.yml:1:18: found 'A', expected a volume's name"),
            ("volumes: [{name: a, format: ext4}]", "0.yml:1:29: found 'ext4', expected one of filesystem, oci"),
            (
                "volumes: [{name: a, platforms: [linux/amd64]}]",
                "0.yml:1:32: found platforms, expected them for a volume of `format: oci` only"
            ),
            (
                "volumes: [{name: a, format: oci, platforms: [amd64]}]",
                "found 'amd64', expected a platform such as linux/amd64"
            ),
            ("files: [{contents: a}]", "0.yml:1:9: found no 'path'"),
            ("files: [{path: a}]", "0.yml:1:9: found none of directory, symlink"),
            ("files: [{path: a, contents: b, source: c}]", "found 2 of directory, symlink"),
            ("files: [{path: /, contents: b}]", "0.yml:1:16: found '/', expected a path"),
            ("files: [{path: a/../b, contents: b}]", "expected a path that stays in the root, without '..'"),
            (
                "files: [{path: a, contents: b, mode: 0644}]",
                "0.yml:1:38: found a number 0644, expected a mode of octal digits (in quotes)"
            ),
            (
                "files: [{path: a, contents: b, mode: '0888'}]",
                "found '0888', expected a mode of octal digits up to 7777"
            ),
            ("files: [{path: a, contents: b, mode: '+644'}]", "found '+644'"),
            ("files: [{path: a, contents: b, mode: '10000'}]", "found '10000'"),
            (
                "files: [{path: a, contents: b, uid: nobody}]",
                "0.yml:1:9: found 'nobody' as owner of a, expected a number or the name of a container"
            ),
            ("files: [{path: a, contents: b, uid: 4294967296}]", "expected a number up to 4294967295"),
            ("files: [{path: a, contents: b, metadata: toml}]", "found 'toml', expected one of yaml, json"),
            ("files: [{path: a, contents: 5}]", "found a number 5, expected text (in quotes)"),
            ("files: [{path: a, directory: yes}]", "found 'yes', expected true or false"),
            ("muster: {kernel: {initrd: lz4}}", "expected one of zstd, gzip, xz, none"),
            ("trust: {image: a}", "expected a list of texts"), ("trust: {x: a}", "unknown key 'x'"),
        ]
    )
    func refused(_ text: String, _ expected: String) {
        let error = #expect(throws: DefinitionError.self) { try read(text) }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }

    @Test(
        "what is wrong in a container",
        arguments: [
            ("capabilites: []", "did you mean 'capabilities'?"),
            ("capabilities: [CAP_NET_ADMN]", "did you mean 'CAP_NET_ADMIN'?"),
            ("capabilities: [cap_chown]", "found 'cap_chown'"),
            ("capabilities: [all, CAP_CHOWN]", "found 'all', expected a capability"),
            ("binds: [/a]", "found '/a', expected a bind as source:destination"),
            ("binds: ['/a:/b:c:d']", "expected a bind"),
            ("binds: /a:/b", "expected a list of binds"), ("tmpfs: ['/a:b:c']", "expected a temporary file system"),
            ("command: sh", "found 'sh', expected a list of texts"),
            ("env: {A: b}", "found a mapping, expected a list of texts"),
            ("readonly: 'true'", "found 'true', expected true or false"), ("oomScoreAdj: x", "expected a whole number"),
            ("oomScoreAdj: 1.5", "found '1.5', expected a whole number"),
            ("uid: [5]", "expected a number, or the name"),
            ("rlimits: ['nofile,1']", "expected a limit as name,soft,hard"),
            ("rlimits: ['nofil,1,2']", "did you mean 'RLIMIT_NOFILE'?"),
            ("rlimits: ['nofile,1,+2']", "expected numbers or 'unlimited'"),
            ("rlimits: ['nofile,1,18446744073709551616']", "expected numbers"),
            ("sysctl: {a: 1}", "found a number 1, expected text (in quotes)"),
            ("sysctl: [a]", "expected a mapping of names to texts"),
            ("devices: [{path: /a, type: c}]", "found no 'mode' for the device /a"),
            ("devices: [{path: /a, type: x, mode: '0'}]", "found 'x', expected the device's type"),
            ("devices: [{path: /a, type: c, mode: 0666}]", "expected a mode of octal digits (in quotes)"),
            ("devices: [{type: c, mode: '0666'}]", "found no 'path'"),
            ("resources: {memory: {limit: 1G}}", "found '1G', expected a whole number"),
            ("resources: {blockIO: {}}", "did you mean 'blockio'?"),
            ("resources: {cpu: {cpus: 0}}", "expected text (in quotes)"),
            ("resources: {blockio: {weight: 65536}}", "expected a whole number from 0 to 65535"),
            ("resources: {hugepageLimits: [{limit: 5}]}", "found no 'pageSize'"),
            ("runtime: {mkdirs: [a]}", "did you mean 'mkdir'?"),
            ("runtime: {bindNS: {network: a}}", "unknown key 'network'"),
            ("uidMappings: [{hostId: 1}]", "did you mean 'hostID'?"),
            ("uidMappings: [{hostID: -1}]", "expected a whole number from 0"),
            ("mounts: [{dest: a}]", "unknown key 'dest'"),
            ("user: a", "unknown key 'user'"), ("restart: always", "unknown key 'restart'"),
        ]
    )
    func refusedInContainer(_ text: String, _ expected: String) {
        let error = #expect(throws: DefinitionError.self) { try settings(text) }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
        #expect(error?.problems.allSatisfy { $0.place.line == 1 && $0.place.column > 1 } == true)
    }

    @Test("paths are parted as Linux parts them, and stay in the root")
    func paths() throws {
        // A slash with a combining mark is one character to people.
        let path = "..\u{2f}\u{301}x"
        let error = #expect(throws: DefinitionError.self) { try read("files: [{path: \"\(path)\", contents: a}]") }
        #expect(error?.description.contains("without '..'") == true)
        #expect(try read("files: [{path: \"a/\u{301}b//c\", contents: a}]").files.first?.path == "a/\u{301}b/c")
    }

    @Test("the kernel's arguments are one line")
    func commandLine() throws {
        #expect(try read("kernel:\n  cmdline: >\n    a\n    b\n").kernel?.commandLine == "a b\n")
        for text in ["a\\nb", "a\\0", "a\\x7f", "\\na"] {
            let error = #expect(throws: DefinitionError.self) { try read("kernel: {cmdline: \"\(text)\"}") }
            #expect(error?.description.hasPrefix("0.yml:1:19: found a line break or a control character") == true)
        }
    }

    @Test("all that is wrong is said at once, of all files")
    func everything() throws {
        let error = #expect(throws: DefinitionError.self) {
            try read("init: a\nservices: [{name: '', image: A}]", "files: [{}]")
        }
        #expect(
            error?.problems.map { "\($0.place.path):\($0.place.line)" } == [
                "0.yml:1", "0.yml:2", "0.yml:2", "1.yml:1", "1.yml:1",
            ]
        )
    }

    @Test("files that cannot be read, and what is no text")
    func files() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/a.yml"
        #expect(throws: BuildError.self) { try Definition(files: [path]) }
        #expect(throws: BuildError.self) { try Definition(files: [directory.path]) }
        try Data([0xff, 0xfe]).write(to: URL(fileURLWithPath: path))
        #expect(throws: BuildError.self) { try Definition(files: [path]) }
        try Data("{}".utf8).write(to: URL(fileURLWithPath: path))
        #expect(try Definition(files: [path]) == Definition())
        #expect(throws: DefinitionError.self) { try Definition(files: ["/dev/zero"]) }
    }
}
