"""A server under measurement: one process and its children, in the server's namespace."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from . import network
from .controlgroup import ControlGroup


class Server:
    """A running server. Use as a context manager; leaving it ends the process."""

    def __init__(self, name: str, command: list[str], log: Path, ready: Callable[[], bool]):
        """Starts `command` and returns once `ready()` is true, which is asked for at most 60 s."""
        self.name = name
        self._log = log
        self._group = ControlGroup(name)
        self._cpu_before = self._group.cpu_seconds()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self._group.wrap(network.inside("server", *command)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._wait_until(ready)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def kill(self) -> None:
        """Ends it as a power cut would: nothing that it has in memory is written."""
        self._process.kill()
        self._process.wait()

    def settle(self) -> None:
        """Returns once the server has nothing to do any more of what it does after a start, at most 20 s later."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            before = self.cpu_seconds()
            time.sleep(0.5)
            if self.cpu_seconds() - before < 0.01:
                return

    def cpu_seconds(self) -> float:
        """User and system time since the start, of the process and of all children that it ever had."""
        return self._group.cpu_seconds() - self._cpu_before

    def resident_mebibytes(self) -> float:
        """Resident memory now, summed over the processes (what they share counts in each)."""
        return self._memory("VmRSS")

    def peak_resident_mebibytes(self) -> float:
        """The largest resident memory since the start or since `forget_peak()`."""
        return self._memory("VmHWM")

    def forget_peak(self) -> None:
        for pid in self._group.processes():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def _memory(self, field: str) -> float:
        kibibytes = 0
        for pid in self._group.processes():
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            kibibytes += next((int(line.split()[1]) for line in lines if line.startswith(field + ":")), 0)
        return kibibytes / 1024

    def _wait_until(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
                raise RuntimeError(f"{self.name} did not begin to serve:\n{tail}")
            time.sleep(0.02)


def tcp_listens(port: int) -> Callable[[], bool]:
    """True as soon as something listens on the TCP port in the server's namespace."""
    return lambda: _has_socket("-tln", port)


def udp_listens(port: int) -> Callable[[], bool]:
    """True as soon as something has the UDP port in the server's namespace."""
    return lambda: _has_socket("-uln", port)


def _has_socket(kind: str, port: int) -> bool:
    return network.run(*network.inside("server", "ss", "-H", kind, f"sport = :{port}")).strip() != ""
