import Dispatch
import Foundation
import Synchronization

/// How much builds give way to everything else that this process does.
///
/// Dispatch has threads for each quality of service and, on Linux, gives those of `.background` a nice value of 10: a tenth
/// of a processor beside one busy thread that gives way to nobody (sched(7)). Threads that a compressor begins inherit it
/// (setpriority(2)).
public enum BuildPriority {
    private static let isGivingWay = Atomic(false)

    /// From now on this process' builds give way: for servers, which have better things to do.
    public static func giveWay() { isGivingWay.store(true, ordering: .relaxed) }

    /// Of the threads on which builds block.
    static var quality: QualityOfService { isGivingWay.load(ordering: .relaxed) ? .background : .default }
}
