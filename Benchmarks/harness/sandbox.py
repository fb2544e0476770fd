"""A run's own world: mount, network, process and IPC namespaces that the kernel takes away with the last process.

Nothing that a run makes outlives it, whatever ends it: servers and clients are in a process namespace whose first
process is the harness, network namespaces have no name outside, and the one directory on the disk is emptied by the
parent, or by the next run when even the parent was killed.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from . import controlgroup

_INSIDE = "BENCHMARKS_INSIDE"


def is_inside() -> bool:
    return os.environ.get(_INSIDE) == "1"


def run_inside(scratch: Path) -> int:
    """Runs this program again in namespaces of its own and returns its exit status."""
    if os.geteuid() != 0:
        print("benchmarks need root for their network namespaces: sudo make bench", file=sys.stderr)
        return 1
    scratch.mkdir(parents=True, exist_ok=True)
    with (scratch.parent / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another run is measuring: two at once would measure each other", file=sys.stderr)
            return 1
        return _run_alone(scratch)


def _run_alone(scratch: Path) -> int:
    controlgroup.remove_all()
    _empty(scratch)
    # setpriv and --kill-child hand the parent's death down to the first process inside.
    command = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--ipc", "--pid", "--fork"]
    command += ["--kill-child", "--mount-proc", sys.executable, *sys.argv]
    child = subprocess.Popen(command, env={**os.environ, _INSIDE: "1"})
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: child.kill())
    try:
        return child.wait()
    except KeyboardInterrupt:
        return 130
    finally:
        child.kill()
        child.wait()
        controlgroup.remove_all()
        _empty(scratch)


def _empty(scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
