"""Control groups as stopwatches: the CPU time of a server with all the children that it ever had, to the microsecond.

A daemon that ignores SIGCHLD (in.tftpd) keeps no account of its children, so /proc is not enough. Only the accounting
of version 2 is used, which every kernel since 4.15 does in every group, whoever manages the host's own groups.
"""

import subprocess
from pathlib import Path

_mount = Path("/run/netns/.control-groups")
_top = "muster-benchmarks"


class ControlGroup:
    def __init__(self, name: str):
        if not _mount.exists():
            _mount.mkdir(parents=True)
            subprocess.run(["mount", "-t", "cgroup2", "cgroup2", str(_mount)], check=True)
        self._path = _mount / _top / name
        self._path.mkdir(parents=True, exist_ok=True)

    def wrap(self, command: list[str]) -> list[str]:
        """The command line that runs `command` in this group from its first instruction on."""
        return ["sh", "-c", 'echo $$ > "$0"/cgroup.procs && exec "$@"', str(self._path), *command]

    def cpu_seconds(self) -> float:
        """User and system time of all that ever ran in the group."""
        fields = dict(line.split() for line in (self._path / "cpu.stat").read_text().splitlines())
        return int(fields["usage_usec"]) / 1e6

    def processes(self) -> list[int]:
        return [int(line) for line in (self._path / "cgroup.procs").read_text().split()]

    def remove(self) -> None:
        """Removes the group, whose processes must have ended."""
        self._path.rmdir()


def remove_all() -> None:
    """Removes the groups that a killed run left. Called outside of the run's namespaces, hence the mount of its own."""
    script = 'mount -t cgroup2 cgroup2 /mnt && cd /mnt && [ ! -d "$0" ] || find "$0" -depth -type d -exec rmdir {} +'
    subprocess.run(["unshare", "--mount", "sh", "-c", script, _top], check=False)
