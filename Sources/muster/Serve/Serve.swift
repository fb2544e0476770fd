import ArgumentParser
import Logging
import ServiceLifecycle

#if canImport(Glibc)
import Glibc
#endif

/// `muster serve`
struct Serve: AsynchronousCommand, PreparingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run everything: the boot plane and the control plane.",
        discussion: """
            Started by root, it becomes the configured user before it does anything else, keeping what binding ports \
            and packet sockets needs. SIGTERM stops it when running transfers are done, SIGHUP reloads the configuration.
            """
    )

    enum Plane: String, ExpressibleByArgument, CaseIterable, Sendable { case boot, control }

    @OptionGroup var common: CommonOptions
    @OptionGroup var serving: ServingOptions

    @Option(help: "Run one of the planes alone: each a process of its own on one data directory.")
    var only: Plane?

    /// Becomes the configured user, while there is one thread.
    func prepare() throws {
        // A peer that goes away is an error of its connection, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        umask(0o022)
        let configuration = try common.load(serving).configuration
        guard Account.isRoot, configuration.user != "root" else { return }
        let account = try Account(named: configuration.user)
        try DataOwnership.give(configuration.data, to: account)
        try account.become()
    }

    func run() async throws {
        let effective = try common.load(serving)
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = effective.configuration.log.level
            return handler
        }
        let logger = Logger(label: "muster")
        for variable in effective.strayVariables {
            logger.warning("the environment has a variable that is no setting", metadata: ["variable": "\(variable)"])
        }
        if only == .control {
            return try await ControlProcess(configuration: effective.configuration, logger: logger).run()
        }
        let server = try await Server(
            configuration: effective.configuration,
            isAlone: only == .boot,
            logger: logger
        ) { [common, serving] in
            try common.load(serving).configuration
        }
        try await server.run()
    }
}

extension Configuration.LogLevel {
    fileprivate var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}
