"""A virtual machine at the far end of the wire, booting from the network with an empty disk; and what it boots.

QEMU without hardware acceleration (TCG), so that the figures compare whatever the host offers.
"""

import gzip
import os
import select
import shutil
import subprocess
import time
from pathlib import Path

from . import network

MAC = "52:54:00:4d:55:01"
#: What the booted system prints, before its command line.
MARKER = b"BENCH-UP"
_TAP = "vm0"
_FIRMWARE = Path("/usr/share/OVMF")
_DEADLINE = 120


def seconds_to_marker(firmware: str, scratch: Path) -> float:
    """Powers a machine on (`bios` or `uefi`) and returns the seconds until its system has printed the marker.

    Raises RuntimeError with the end of its console when it does not within two minutes.
    """
    command = ["qemu-system-x86_64", "-accel", "tcg", "-m", "512", "-smp", "1", "-nodefaults", "-display", "none"]
    command += ["-monitor", "none", "-serial", "stdio", "-no-reboot", "-device", "virtio-rng-pci"]
    device = f"virtio-net-pci,netdev=net,mac={MAC},bootindex=1"
    if firmware == "bios":  # The NIC's ROM is iPXE; without graphics the firmware speaks on the serial port.
        command += ["-machine", "pc,graphics=off"]
    else:  # No ROM: the firmware's own PXE client asks for a loader.
        variables = scratch / "variables.fd"
        shutil.copy(_FIRMWARE / "OVMF_VARS_4M.fd", variables)
        command += ["-machine", "q35"]
        command += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={_FIRMWARE}/OVMF_CODE_4M.fd"]
        command += ["-drive", f"if=pflash,format=raw,unit=1,file={variables}"]
        device += ",romfile="
    command += ["-netdev", f"tap,id=net,ifname={_TAP},script=no,downscript=no", "-device", device]
    start = time.monotonic()
    machine = subprocess.Popen(
        network.inside("client", *command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        return _wait_for_marker(machine, start)
    finally:
        machine.kill()
        machine.wait()


def _wait_for_marker(machine: subprocess.Popen[bytes], start: float) -> float:
    console = b""
    while time.monotonic() - start < _DEADLINE:
        if not select.select([machine.stdout], [], [], 1)[0]:
            continue
        part = os.read(machine.stdout.fileno(), 65536)
        console += part
        if MARKER in console[-len(part) - len(MARKER) :]:
            return time.monotonic() - start
        if not part:
            break
    raise RuntimeError(f"the virtual machine did not boot:\n{console[-1500:].decode(errors='replace')}")


def plug_in() -> None:
    """Gives the wire's far end to the virtual machine."""
    network.plug_virtual_machine(_TAP)


def unplug() -> None:
    """Gives it back to the load clients."""
    network.unplug_virtual_machine(_TAP)


def write_initrd(path: Path, busybox: Path) -> None:
    """An initramfs (Linux: Documentation/driver-api/early-userspace/buffer-format.rst) that prints the marker."""
    init = (
        f"#!/bin/sh\n/bin/busybox mount -t proc proc /proc\necho {MARKER.decode()} $(/bin/busybox cat /proc/cmdline)\n"
    )
    init += "/bin/busybox poweroff -f\n"
    path.write_bytes(gzip.compress(archive(busybox, init), mtime=0))
    path.chmod(0o644)


def archive(busybox: Path, init: str) -> bytes:
    """A cpio archive of busybox and a script that is the first process."""
    return b"".join(
        [
            *(_entry(name, 0o040755) for name in ("bin", "dev", "proc")),
            _entry("dev/console", 0o020600, device=(5, 1)),
            _entry("bin/busybox", 0o100755, busybox.read_bytes()),
            _entry("bin/sh", 0o120777, b"busybox"),
            _entry("init", 0o100755, init.encode()),
            _entry("TRAILER!!!", 0),
        ]
    )


def _entry(name: str, mode: int, data: bytes = b"", device: tuple[int, int] = (0, 0)) -> bytes:
    """One member of a newc archive: inode, mode, owner, links, time, size, devices, length of the name, no checksum."""
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
