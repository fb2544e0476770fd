import Build
import Foundation

@testable import muster

/// A machine in a running lab's network behind a power switch, which a test has its hand on, and a BMC may have too.
///
/// `Tests/bmc/chassis` is the switch: on means that QEMU runs. What the system on it does by itself, a reboot or a panic,
/// happens inside of that.
struct SwitchedMachine: Sendable {
    /// What can reach its switch from outside.
    enum Controller: Hashable, Sendable { case none, ipmi, redfish }

    let lab: RunningLab
    let controller: Controller
    private let machine: VirtualMachine
    /// Whether its firmware begins with the disk, which only says that it did: then nothing but a BMC's override for one
    /// start brings it onto the network.
    private let isDiskFirst: Bool

    var number: Int { machine.number }
    var name: String { machine.name }
    var uuid: String { machine.uuid }
    var mac: String { machine.mac.description }
    /// A path that a socket can have: the QEMU monitor's is this and a suffix.
    var socket: String { "\(lab.data)/lab-\(number).switch" }
    /// What its console shows, and in between each time that it was switched on.
    private var starts: String { "\(lab.data)/lab-\(number).starts" }

    static let program = LabHost.repository + "/Tests/bmc/chassis"

    /// Joins the lab's network; it is off.
    init(_ number: Int, in lab: RunningLab, controller: Controller, memory: Int, isDiskFirst: Bool) async throws {
        self.lab = lab
        self.controller = controller
        self.isDiskFirst = isDiskFirst
        machine = VirtualMachine(
            number: number,
            firmware: .bios,
            memory: memory,
            // Six machines would keep a gigabyte of translated code each.
            accelerator: "tcg,tb-size=64",
            directory: "\(lab.data)/lab/machines/lab-\(number)"
        )
        try VirtualMachineFiles.make(for: machine)
        let disk = try FileHandle(forUpdating: URL(filePath: machine.disk))
        try disk.write(contentsOf: Self.bootSector)
        try disk.close()
        let tap = machine.tap
        let script = "ip tuntap add dev \(tap) mode tap && ip link set \(tap) master \(LabNetwork.bridge) up"
        try await lab.runInside(["sh", "-e", "-c", script])
    }

    /// Holds the switch until it is cancelled; then the machine is off, and gone.
    func hold() async throws {
        // The switch says what is first; a console is of all that the machine ever said.
        let arguments = machine.arguments(ipxe: nil, reboots: true).map {
            $0.replacing(#/,bootindex=\d/#, with: "").replacing("logfile=", with: "logappend=on,logfile=")
        }
        let options = isDiskFirst ? ["--disk-first"] : []
        let command =
            try lab.inside + [Self.program, "hold", socket] + options + ["--", lab.firmware.emulator] + arguments
        let status = try await LabProcess.run(command, log: starts)
        guard !Task.isCancelled else { return }
        throw LabError("the switch of \(name) ended (\(status)): \(text(of: starts))")
    }

    /// - Parameter word: what `chassis ask` takes.
    @discardableResult
    func tell(_ word: String) async throws -> String {
        try await HostProgram.run(Self.program, ["ask", socket, word])
    }

    /// How often it was switched on: resets by its switch count, reboots by its system do not.
    var timesStarted: Int { text(of: starts).components(separatedBy: "started order=").count - 1 }

    var screen: String { lab.screen(of: number) }

    private func text(of file: String) -> String {
        String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
    }

    static let diskMessage = "STARTED-FROM-THE-DISK"

    /// Says so by the BIOS, and stops: xor ax,ax; mov ds,ax; mov si,7c18h; lodsb; test al,al; jz end; mov ah,0eh; mov bx,7;
    /// int 10h; jmp lodsb; end: hlt; jmp end.
    private static let bootSector: Data = {
        let code: [UInt8] = [
            0x31, 0xc0, 0x8e, 0xd8, 0xbe, 0x18, 0x7c, 0xac, 0x84, 0xc0, 0x74, 0x09, 0xb4, 0x0e, 0xbb, 0x07, 0x00, 0xcd,
            0x10, 0xeb, 0xf2, 0xf4, 0xeb, 0xfd,
        ]
        let text = code + Array("\(diskMessage)\r\n".utf8)
        return Data(text + [UInt8](repeating: 0, count: 510 - text.count) + [0x55, 0xaa])
    }()
}
