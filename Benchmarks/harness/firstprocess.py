"""A virtual machine from its kernel's start to what its first process brings up: the time of it, and the memory.

QEMU without hardware acceleration (TCG), as the lab's machines are. Nothing in the machine measures: the clock is
the host's, started by the kernel's own line about /init and stopped by the marker, and the kernel's counts of free pages are
read where they stand in the machine's memory, which is a file of the host's, a thousand times a second.

Pages that were given back are kept by each processor at first, 27 MiB and more of them; the kernel's count of free pages
is without them. They are free: nobody has them. So the processors' own counts are read, too.
"""

import gzip
import mmap
import os
import re
import select
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import kerneltypes, virtualmachine

#: MiB. The reference's copy of the root needs twice the root's size: a tmpfs has half of the memory.
MEMORY = 1024
_BEGIN, _END = b"Run /init as init process", b"MUSTER-UP"
_DEADLINE = 180
_PAGE = 4096
#: Where x86-64's kernel is when it is told not to move (Linux: arch/x86/include/asm/page_64_types.h).
_KERNEL_MAP = 0xFFFFFFFF80000000
#: Where it has all memory a second time then (Linux: Documentation/x86/x86_64/mm.rst).
_DIRECT_MAP = 0xFFFF888000000000
#: ZONE_DMA and ZONE_DMA32: there are no others below 4 GiB.
_ZONES = 2
_SYMBOLS = ["vm_zone_stat", "_totalram_pages", "node_data", "__per_cpu_offset", "__start_BTF", "__stop_BTF"]
_COMMAND_LINE = "console=ttyS0 no_timer_check nokaslr panic=-1"


@dataclass(frozen=True)
class Boot:
    #: Seconds from the kernel's start of /init to the marker.
    seconds: float
    #: MiB at their most until then, beyond what was taken when /init began.
    peak: float
    #: MiB at that moment: the kernel and the unpacked initrd.
    before: float


@dataclass(frozen=True)
class Counters:
    """Where a kernel keeps the numbers of its free pages, of those that each processor keeps, and of all."""

    #: Physical addresses, by the kernel's names.
    symbols: dict[str, int]
    zone_size: int
    #: Offset in a zone.
    lists: int
    #: Offset in a processor's lists.
    count: int

    def taken(self, memory: mmap.mmap, cpus: int) -> float:
        """MiB that somebody has."""
        free = self._number(memory, "vm_zone_stat")
        node = self._number(memory, "node_data") - _DIRECT_MAP
        for zone in range(_ZONES):
            lists = _word(memory, node + zone * self.zone_size + self.lists)
            for cpu in range(cpus):
                base = _word(memory, self.symbols["__per_cpu_offset"] + 8 * cpu)
                place = (lists + base) % (1 << 64) - _DIRECT_MAP
                free += struct.unpack_from("<i", memory, place + self.count)[0]
        return (self._number(memory, "_totalram_pages") - free) * _PAGE / (1 << 20)

    def _number(self, memory: mmap.mmap, symbol: str) -> int:
        return _word(memory, self.symbols[symbol])


def _word(memory: mmap.mmap, place: int) -> int:
    return int(struct.unpack_from("<Q", memory, place)[0])


def make_memory(directory: Path) -> Path:
    """A file for machines' memory, in a tmpfs that the kernel takes away with the run's mount namespace."""
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "memory", str(directory)], check=True)
    file = directory / "ram"
    with file.open("wb") as memory:
        memory.truncate(MEMORY << 20)
    return file


def find_counters(kernel: Path, busybox: Path, memory: Path, scratch: Path) -> Counters:
    """Asks the kernel itself, in a machine that does nothing else: where its symbols are, and there its types."""
    initrd = scratch / "counters-initrd"
    script = "#!/bin/sh\n/bin/busybox mount -t proc proc /proc\n"
    script += f"/bin/busybox grep -E ' ({'|'.join(_SYMBOLS)})$' /proc/kallsyms\n"
    script += "echo MUSTER-UP\n/bin/busybox poweroff -f\n"
    initrd.write_bytes(gzip.compress(virtualmachine.archive(busybox, script), mtime=0))
    said = b"".join(part for _, part in _run(kernel, initrd, 1, memory))
    found = re.findall(rb"([0-9a-f]{16}) \w (\w+)\r?\n", said)
    symbols = {name.decode(): int(address, 16) - _KERNEL_MAP for address, name in found}
    with memory.open("rb") as file:
        file.seek(symbols["__start_BTF"])
        types = kerneltypes.structures(file.read(symbols["__stop_BTF"] - symbols["__start_BTF"]))
    size, zone = types["zone"]
    _, lists = types["per_cpu_pages"]
    return Counters(symbols, size, zone["per_cpu_pageset"], lists["count"])


def boot(kernel: Path, initrd: Path, cpus: int, memory: Path, counters: Counters) -> Boot:
    """Raises RuntimeError with the end of the console when there is no marker within three minutes."""
    with memory.open("r+b") as file:
        file.truncate(0)
        file.truncate(MEMORY << 20)
        with mmap.mmap(file.fileno(), MEMORY << 20, prot=mmap.PROT_READ) as pages:
            return _watch(_run(kernel, initrd, cpus, memory), lambda: counters.taken(pages, cpus))


def _watch(machine: Iterator[tuple[float, bytes]], taken: Callable[[], float]) -> Boot:
    begin, before, peak = 0.0, 0.0, 0.0
    console = b""
    for now, part in machine:
        console += part
        if begin:
            peak = max(peak, taken())
        elif _BEGIN in console:
            begin, before = now, taken()
        if part and _END in console[-len(part) - len(_END) :]:
            return Boot(now - begin, peak - before, before)
    raise RuntimeError(f"the virtual machine did not come up:\n{console[-3000:].decode(errors='replace')}")


def _run(kernel: Path, initrd: Path, cpus: int, memory: Path) -> Iterator[tuple[float, bytes]]:
    """Yields the time and what the console has said since the last time, every millisecond, until the machine ends."""
    command = ["qemu-system-x86_64", "-accel", "tcg", "-smp", str(cpus), "-m", str(MEMORY)]
    command += ["-nodefaults", "-no-user-config"]
    command += ["-display", "none", "-serial", "stdio", "-no-reboot", "-device", "virtio-rng-pci"]
    command += ["-kernel", str(kernel), "-initrd", str(initrd), "-append", _COMMAND_LINE]
    command += ["-netdev", "user,id=net,restrict=on", "-device", "virtio-net-pci,netdev=net,romfile="]
    command += ["-object", f"memory-backend-file,id=ram,size={MEMORY}M,mem-path={memory},share=on"]
    command += ["-machine", "pc,memory-backend=ram"]
    start = time.monotonic()
    machine = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        while time.monotonic() - start < _DEADLINE:
            part = b""
            if select.select([machine.stdout], [], [], 0.001)[0]:
                part = os.read(machine.stdout.fileno(), 65536)
                if not part:
                    return
            yield time.monotonic(), part
    finally:
        machine.kill()
        machine.wait()
