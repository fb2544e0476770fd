"""HTTP, bulk: a 64 MiB blob as fast as it goes, and a 100 MiB one to five hundred slow clients, beside nginx."""

import hashlib
import os
from contextlib import AbstractContextManager
from pathlib import Path

from ..bench import Bench
from ..muster import HTTP_PORT as MUSTER_PORT
from ..peers import HTTP_PORT, nginx
from ..report import Section, Verdict
from ..samples import Series, alternate
from ..server import Server

TITLE = "HTTP blobs"
PACKAGES: list[str] = []
_MEBIBYTE = 1 << 20
_FAST_SIZE = 64 * _MEBIBYTE
_SLOW_SIZE = 100 * _MEBIBYTE
_SLOW_CLIENTS = 500
#: Bytes a second of one slow client, and how many seconds they are watched.
_SLOW_RATE = 1_000_000
_SLOW_SECONDS = 10
_RESIDENT_LIMIT = 80
#: Connections, and downloads on each.
_LOADS = {1: 64, 16: 6}


_METHOD = f"""
A {_FAST_SIZE // _MEBIBYTE} MiB file again and again on kept connections, and a {_SLOW_SIZE // _MEBIBYTE} MiB file to
{_SLOW_CLIENTS} clients that take {_SLOW_RATE / 1e6:.0f} MB/s each for {_SLOW_SECONDS} s. nginx with sendfile and
a worker a core; its memory is the sum of its processes. Both send the very same file: how it was once written decides how
it lies in the page cache, which is worth 3 %. TCP is Reno for both.
"""


def measure(bench: Bench) -> Section:
    files = {size: bench.pattern(size) for size in (_FAST_SIZE, _SLOW_SIZE)}
    servers = ["nginx", *bench.subjects]
    muster = bench.muster("blobs") if bench.has_muster else None
    images = {size: muster.import_file(file) for size, file in files.items()} if muster else {}
    for file in files.values() if muster else []:
        _share(file, muster.data / "blobs" / "sha256")

    def start(name: str) -> AbstractContextManager[Server]:
        return muster.serve() if name == "muster" else nginx(files[_FAST_SIZE].parent, bench.scratch)

    def fetch(server: str, size: int, **options: object) -> dict[str, float]:
        where = {"port": HTTP_PORT, "path": f"/{files[size].name}"}
        if server == "muster":
            where = {"port": MUSTER_PORT, "path": f"/{images[size].part('initrd')}"}
        return bench.clients.load("httpfetch", **where, size=size, **options)

    def fast(connections: int):
        def sample(name: str) -> dict[str, float]:
            with start(name) as server:
                fetch(name, _FAST_SIZE, verify=True)
                server.settle()
                before = server.cpu_seconds()
                outcome = fetch(name, _FAST_SIZE, clients=connections, repeat=_LOADS[connections])
                cpu = (server.cpu_seconds() - before) * 1024 / outcome["mebibytes"]
                return {"rate": outcome["rate"], "cpu": cpu}

        return sample

    def slow(name: str) -> dict[str, float]:
        with start(name) as server:
            server.settle()
            idle, before = server.peak_resident_mebibytes(), server.cpu_seconds()
            options = {"clients": _SLOW_CLIENTS, "rate": _SLOW_RATE, "seconds": _SLOW_SECONDS}
            outcome = fetch(name, _SLOW_SIZE, **options)
            cpu, peak = server.cpu_seconds() - before, server.peak_resident_mebibytes()
            return {"rate": outcome["rate"], "cpu": cpu, "idle": idle, "peak": peak}

    results = {}
    for connections in _LOADS:
        bench.say(f"blobs: {connections} connections")
        results[connections] = alternate(bench.rounds, servers, fast(connections))
    bench.say(f"blobs: {_SLOW_CLIENTS} slow clients")
    memory = alternate(min(bench.rounds, 3), servers, slow)
    return _section(servers, results, memory)


def _share(file: Path, blobs: Path) -> None:
    """Puts the blob that Muster made of `file` in its place."""
    with file.open("rb") as stream:
        blob = blobs / hashlib.file_digest(stream, "sha256").hexdigest()
    file.unlink()
    os.link(blob, file)


def _section(
    servers: list[str], results: dict[int, dict[str, dict[str, Series]]], memory: dict[str, dict[str, Series]]
) -> Section:
    section = Section(
        TITLE,
        _METHOD,
        heading=["", *servers],
    )
    for connections, servers_of in results.items():
        title = f"{connections} connection{'s' if connections > 1 else ''}"
        section.rows.append([f"{title}: MiB/s", *(servers_of[name]["rate"].text() for name in servers)])
        section.rows.append(["CPU s/GiB", *(servers_of[name]["cpu"].text(3) for name in servers)])
        section.verdicts += _verdicts(title, servers_of)
    section.rows.append([f"{_SLOW_CLIENTS} slow: MiB/s", *(memory[name]["rate"].text() for name in servers)])
    section.rows.append(["CPU s", *(memory[name]["cpu"].text(2) for name in servers)])
    section.rows.append(["resident MiB, idle", *(memory[name]["idle"].text() for name in servers)])
    section.rows.append(["resident MiB, peak", *(memory[name]["peak"].text() for name in servers)])
    peak = max(memory["muster"]["peak"].values) if "muster" in memory else None
    section.verdicts.append(
        Verdict(
            f"{_SLOW_CLIENTS} slow clients under {_RESIDENT_LIMIT} MiB of resident memory",
            "" if peak is None else f"{peak:.0f} MiB",
            None if peak is None else peak < _RESIDENT_LIMIT,
        )
    )
    return section


def _verdicts(title: str, results: dict[str, dict[str, Series]]) -> list[Verdict]:
    if "muster" not in results:
        return [Verdict(f"{title}: at least 1.0 times nginx", "", None)]
    rate = results["muster"]["rate"].median / results["nginx"]["rate"].median
    cpu = results["muster"]["cpu"].median / results["nginx"]["cpu"].median
    return [
        Verdict(f"{title}: at least 1.0 times nginx", f"{rate:.2f} × nginx", rate >= 1),
        Verdict(f"{title}: CPU per GiB within 1.3 times", f"{cpu:.2f} × nginx", cpu <= 1.3),
    ]
