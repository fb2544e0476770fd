/// The way down, step by step. Knows no process and no clock: it is told the time, and whether any process is left.
struct ShutdownLife: Equatable {
    private enum Step: Equatable {
        /// Until what is meant for the end is done.
        case tasks
        /// Until all processes have ended by themselves.
        case terminating
        /// Until they have been ended.
        case killing
        case over
    }

    enum Action: Equatable {
        /// Asks all processes to end.
        case terminate
        /// Ends them.
        case kill
        /// Lets go of disks, and of the machine.
        case finish
    }

    /// In milliseconds: for all of onshutdown; for processes to end after SIGTERM; and after SIGKILL.
    static let tasks: Int64 = 60_000
    static let patience: Int64 = 5_000
    static let lastPatience: Int64 = 2_000

    private var step = Step.tasks
    private var end: Int64

    init(now: Int64) { end = now + Self.tasks }

    /// - Parameters:
    ///   - areTasksDone: whether nothing of onshutdown is left to run.
    ///   - hasProcesses: whether any other process is left.
    mutating func next(at now: Int64, areTasksDone: Bool, hasProcesses: Bool) -> Action? {
        switch step {
        case .tasks where areTasksDone || now >= end:
            step = .terminating
            end = now + Self.patience
            return .terminate
        case .terminating where !hasProcesses, .killing where !hasProcesses || now >= end:
            step = .over
            return .finish
        case .terminating where now >= end:
            step = .killing
            end = now + Self.lastPatience
            return .kill
        case .tasks, .terminating, .killing, .over: return nil
        }
    }
}
