"""Storms of simulated machines: `muster simulate` in the client's namespace, beside a server."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import network
from .bench import Bench
from .server import Server


@dataclass(frozen=True)
class Storm:
    """What one storm came to."""

    report: dict
    #: Of the server, in seconds.
    cpu: float
    #: Of the server, at the most, in mebibytes.
    resident: float

    def milliseconds(self, phase: str, which: str = "p99") -> float:
        return self.report["phases"][phase][which]

    @property
    def lost(self) -> int:
        return self.report["counts"]["machines"] - self.report["healthy"]

    def values(self) -> dict[str, float]:
        """What is shown of it, a number a quantity."""
        counts = self.report["counts"]
        return {
            "healthy": self.report["secondsToHealthy"],
            "after": self.report["secondsAfterLastPowerOn"],
            "offer": self.milliseconds("offer"),
            "ack": self.milliseconds("ack"),
            "script": self.milliseconds("script"),
            "boot": self.milliseconds("boot", "p50"),
            "boot99": self.milliseconds("boot"),
            "lost": self.lost,
            "again": counts["dhcpRetransmits"] + counts["tftpRetransmits"] + counts["httpRetries"],
            "waits": counts["waits"],
            "bytes": (counts["bytesSent"] + counts["bytesReceived"]) / 1e6,
            "cpu": self.cpu,
            "simulator": self.report["processorSeconds"],
            "resident": self.resident,
        }


def blow(
    executable: Path,
    server: Server,
    machines: int,
    seconds: float,
    meanwhile: Callable[[], Server] | None = None,
) -> Storm:
    """Lets `machines` power on within `seconds`, and returns when they are healthy or lost.

    `meanwhile` is called when half of that time is over; it returns the server that runs from then on.
    """
    command = [str(executable), "simulate", "--machines", str(machines), "--over", str(seconds), "--json"]
    command += ["--address", network.SERVER, "--relay", network.RELAY]
    first, before = server, server.cpu_seconds()
    server.forget_peak()
    process = subprocess.Popen(network.inside("client", *command), stdout=subprocess.PIPE, text=True)
    try:
        resident = 0.0
        if meanwhile:
            time.sleep(seconds / 2)
            resident = server.peak_resident_mebibytes()
            server = meanwhile()
        output, _ = process.communicate(timeout=seconds + 150)
    finally:
        process.kill()
    return Storm(json.loads(output), first.cpu_seconds() - before, max(resident, server.peak_resident_mebibytes()))


def fdatasync_milliseconds(bench: Bench, times: int = 500) -> float:
    """What 99 of a hundred synchronised writes of 4 KiB to the scratch disk take at most, one after the other."""
    path = bench.scratch / "fdatasync"
    took = []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            file.write(bytes(4096))
            start = time.monotonic()
            os.fdatasync(file.fileno())
            took.append((time.monotonic() - start) * 1000)
    path.unlink()
    return sorted(took)[int(times * 0.99) - 1]
