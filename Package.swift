// swift-tools-version:6.2
import PackageDescription

/// Warnings are errors where nobody is in the middle of a thought: on CI.
let strict: [SwiftSetting] =
    Context.environment["CI"] == "true" ? [.treatAllWarnings(as: .error)] : []

/// What `make build` says it is built of: C can be told, and nothing but this target and its importer is built anew.
let commit = Context.environment["MUSTER_COMMIT"].flatMap { $0.isEmpty ? nil : $0 }

let package = Package(
    name: "muster",
    products: [
        .executable(name: "muster", targets: ["muster"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        // Floor 0: what every floor speaks.
        .target(name: "CLinuxNet", cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "CBuildInfo", cSettings: commit.map { [.define("MUSTER_COMMIT", to: "\"\($0)\"")] } ?? []),
        .systemLibrary(name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CCompression", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev", "liblzma-dev"])]),
        .target(name: "Vocabulary", swiftSettings: strict),
        .target(
            name: "StrictYAML",
            dependencies: [.product(name: "Yams", package: "Yams")],
            swiftSettings: strict
        ),

        // Floor 1: one subject each; none of them imports another.
        .target(
            name: "PXE",
            dependencies: [
                "CLinuxNet", "Vocabulary",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Build",
            dependencies: [
                "CArchive", "CISAL", "CCompression", "StrictYAML", "Vocabulary",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Inventory",
            dependencies: [
                "StrictYAML", "Vocabulary",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .target(name: "Rollout", dependencies: ["Vocabulary"], swiftSettings: strict),

        // Floor 2: what joins them.
        .target(
            name: "Fleet",
            dependencies: [
                "Build", "CLinuxNet", "Inventory", "PXE", "Rollout", "Vocabulary",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Mustache", package: "swift-mustache"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            swiftSettings: strict
        ),

        // Machines that are none, for storms and rolls without any.
        .target(
            name: "Simulator",
            dependencies: ["CLinuxNet", "PXE", "Vocabulary", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict
        ),

        // Floor 3: what a person or a program talks to.
        .target(
            name: "Control",
            dependencies: [
                "Build", "Fleet", "Inventory", "Rollout", "Vocabulary",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),

        // Floor 4: the one executable.
        .executableTarget(
            name: "muster",
            dependencies: [
                "Build", "CBuildInfo", "Control", "Fleet", "Inventory", "PXE", "Rollout", "Simulator", "StrictYAML",
                "Vocabulary",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            // Links to boot/images/lab: the scripts of the lab's image travel in the executable.
            resources: [.embedInCode("Lab/Embedded")],
            swiftSettings: strict
        ),

        // Beside the house: what runs inside our images. `make init` builds the program, in Embedded Swift; this is the
        // same sources as a module, for their tests.
        .target(name: "CInit", cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "Init", dependencies: ["CInit"], exclude: ["Program", "build"], swiftSettings: strict),

        // Rolls of whole fleets, with everything that goes wrong, by seed: `make simulate`, `make mutate`.
        .executableTarget(
            name: "rollout-simulation",
            dependencies: ["Rollout", "Vocabulary"],
            path: "Tests/Simulation",
            exclude: ["mutate", "mutations", "MUTATIONS.md"],
            swiftSettings: strict
        ),

        .testTarget(name: "InitTests", dependencies: ["Init"], swiftSettings: strict),
        .testTarget(name: "VocabularyTests", dependencies: ["Vocabulary"], swiftSettings: strict),
        .testTarget(
            name: "PXETests",
            dependencies: ["PXE", .product(name: "NIOEmbedded", package: "swift-nio")],
            resources: [.copy("Fixtures")],
            swiftSettings: strict
        ),
        .testTarget(
            name: "StrictYAMLTests",
            dependencies: ["StrictYAML"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "BuildTests",
            dependencies: [
                "Build", "Init", "StrictYAML",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            resources: [.copy("Fixtures")],
            swiftSettings: strict
        ),
        .testTarget(name: "InventoryTests", dependencies: ["Inventory", "StrictYAML"], swiftSettings: strict),
        .testTarget(name: "SimulatorTests", dependencies: ["Simulator"], swiftSettings: strict),
        .testTarget(name: "RolloutTests", dependencies: ["Rollout"], swiftSettings: strict),
        .testTarget(
            name: "FleetTests",
            dependencies: [
                "Fleet",
                .product(name: "InMemoryLogging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MusterTests",
            dependencies: [
                "muster",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EndToEnd",
            dependencies: [
                "Build", "muster",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6]
)
