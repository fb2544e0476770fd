"""Storms: the power comes back, and every machine boots at once; with what may go wrong meanwhile."""

import itertools

from ..bench import Bench
from ..muster import Muster
from ..report import Section, Verdict
from ..samples import Series
from ..server import Server
from ..storm import Storm, blow, fdatasync_milliseconds

TITLE = "Storms"
PACKAGES: list[str] = []
_SMALL, _LARGE, _SECONDS = 1_000, 10_000, 60
#: Seconds after the last power-on (small: after the first) until all are healthy.
_HEALTHY = 15
_DHCP, _SCRIPT, _RESIDENT = 50, 100, 300
_SETTINGS = {"http": {"port": 8080}}


_METHOD = f"""
Machines of `muster simulate` on the other end of the wire, behind a relay agent: DISCOVER to ACK as firmware, a loader of
296 kB by TFTP (blocks of 1468 bytes; window 1 for half of them, 4 for the rest), DISCOVER to ACK as iPXE, two scripts,
a kernel of 64 KiB and an initrd of 256 KiB, checked by digest, the machine segment, `up`, `healthy`. {_SMALL:,} power on
within a second, {_LARGE:,} within {_SECONDS} s. Simulator and server share the host's processors; their CPU time is
apart. Settings are the product's own. "away": the inventory's database is moved away for the whole storm. "killed": the
server is killed by SIGKILL in the storm's middle and started again at once. Times are as the machines see them; a new
lease is on the disk before its ACK leaves.
"""


def measure(bench: Bench) -> Section:
    if not bench.has_muster:
        return Section(TITLE, _METHOD, [Verdict("storms", "", None)])
    numbers = itertools.count()
    sync = fdatasync_milliseconds(bench)
    columns: dict[str, dict[str, Series]] = {}

    def note(column: str, storm: Storm) -> None:
        for quantity, value in storm.values().items():
            columns.setdefault(column, {}).setdefault(quantity, Series()).values.append(value)

    small = _prepare(bench, _SMALL)
    for _ in range(bench.rounds):
        bench.say(f"storm: {_SMALL:,} machines")
        with small.serve_copy(bench.scratch / f"storm-{next(numbers)}") as server:
            server.settle()
            note(f"{_SMALL:,} new", blow(bench.executable, server, _SMALL, 1))
            server.settle()
            note(f"{_SMALL:,} known", blow(bench.executable, server, _SMALL, 1))
    large = _prepare(bench, _LARGE)
    for title, run in {"new": _undisturbed, "known": _undisturbed, "away": _away, "killed": _killed}.items():
        bench.say(f"storm: {_LARGE:,} machines, {title}")
        note(f"{_LARGE:,} {title}", run(bench, large))
    return _section(columns, sync)


def _prepare(bench: Bench, machines: int) -> Muster:
    muster = bench.muster(f"storm-{machines}", _SETTINGS)
    with muster.serve() as server:
        muster.command("simulate", "--prepare", "--machines", str(machines))
        server.settle()
    return muster


def _undisturbed(bench: Bench, muster: Muster) -> Storm:
    with muster.serve() as server:
        server.settle()
        return blow(bench.executable, server, _LARGE, _SECONDS)


def _away(bench: Bench, muster: Muster) -> Storm:
    hidden = muster.data.parent / "away"
    hidden.mkdir()
    with muster.serve() as server:
        server.settle()
        for file in muster.data.glob("inventory.sqlite*"):
            file.rename(hidden / file.name)
        try:
            return blow(bench.executable, server, _LARGE, _SECONDS)
        finally:
            for file in hidden.iterdir():
                file.rename(muster.data / file.name)


def _killed(bench: Bench, muster: Muster) -> Storm:
    servers: list[Server] = []

    def start_again() -> Server:
        servers[0].kill()
        servers.append(muster.serve())
        return servers[-1]

    try:
        servers.append(muster.serve())
        servers[0].settle()
        return blow(bench.executable, servers[0], _LARGE, _SECONDS, start_again)
    finally:
        for server in servers:
            server.stop()


def _section(columns: dict[str, dict[str, Series]], sync: float) -> Section:
    def row(title: str, quantity: str, digits: int = 0) -> list[str]:
        return [title, *(f"{column[quantity].median:,.{digits}f}" for column in columns.values())]

    section = Section(TITLE, _METHOD, heading=["", *columns])
    section.rows = [
        row("all healthy, from the first power-on: s", "healthy", 1),
        row("all healthy, from the last power-on: s", "after", 1),
        row("lost", "lost"),
        row("a boot: median ms", "boot"),
        row("99 % within ms", "boot99"),
        row("DISCOVER to OFFER: 99 % within ms", "offer", 1),
        row("REQUEST to ACK: 99 % within ms", "ack", 1),
        row("script: 99 % within ms", "script", 1),
        row("sent again", "again"),
        row("told to wait", "waits"),
        row("MB", "bytes"),
        row("CPU s, server", "cpu", 1),
        row("CPU s, simulator", "simulator", 1),
        row("resident MiB, server, peak", "resident"),
    ]
    section.verdicts = _verdicts(columns)
    section.remarks = [f"The disk's own fdatasync of 4 KiB, one after the other: 99 % within {sync:.1f} ms."]
    return section


def _verdicts(columns: dict[str, dict[str, Series]]) -> list[Verdict]:
    small, large = f"{_SMALL:,}", f"{_LARGE:,}"

    def verdict(target: str, quantity: str, unit: str, limit: float, *titles: str) -> Verdict:
        """The worst median of the named storms, or of all."""
        measured = max(column[quantity].median for title, column in columns.items() if title in (titles or columns))
        return Verdict(target, f"{measured:,.1f} {unit}", measured <= limit)

    verdicts = [
        verdict(
            f"{small} within a second: healthy within {_HEALTHY} s", "healthy", "s", _HEALTHY, f"{small} new", f"{small} known"
        ),
        verdict(
            f"{large} over {_SECONDS} s: healthy {_HEALTHY} s after the last power-on, whatever happens",
            *("after", "s", _HEALTHY),
            *(f"{large} {title}" for title in ("new", "known", "away", "killed")),
        ),
        verdict("none lost, whatever happens", "lost", "lost", 0),
    ]
    for count in (small, large):
        titles = [f"{count} new", f"{count} known"]
        verdicts += [
            verdict(f"{count}: OFFER to a known machine, p99 under {_DHCP} ms", "offer", "ms", _DHCP, titles[1]),
            verdict(f"{count}: ACK to a known machine, p99 under {_DHCP} ms", "ack", "ms", _DHCP, titles[1]),
            verdict(f"{count}: script, p99 under {_SCRIPT} ms", "script", "ms", _SCRIPT, *titles),
        ]
    return [*verdicts, verdict(f"resident memory under {_RESIDENT} MiB", "resident", "MiB", _RESIDENT)]
