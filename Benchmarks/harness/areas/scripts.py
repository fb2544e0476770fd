"""HTTP, scripts: ten thousand machines ask for theirs in turn, each boot made and its timeline kept; beside nginx."""

import itertools
from contextlib import AbstractContextManager

from .. import machines, network
from ..bench import Bench
from ..muster import HTTP_PORT as MUSTER_PORT
from ..muster import Muster
from ..peers import HTTP_PORT, nginx
from ..report import Section, Verdict
from ..samples import Series, alternate
from ..server import Server

TITLE = "HTTP scripts"
PACKAGES: list[str] = []
_MACHINES = 10_000
_STATIC_SIZE = 2048
_GOAL = 0.8
_SCRIPT = "/boot.ipxe?mac={mac}&uuid={uuid}&serial=m{number}&arch=x86_64&platform=pcbios"
#: Title, and whether connections are kept.
_LOADS = {"64 kept connections": True, "a connection a request": False}


_METHOD = f"""
{_MACHINES:,} machines ask once for their iPXE scripts, 64 at a time: each answer has made a boot, which is on the disk
before the answer leaves. nginx answers the same clients with a static file of {_STATIC_SIZE} bytes. The kept connections
are opened before the clock starts, and each asks for one machine after the other; the server is told to believe the
client (`http.trustedNetworks`). With a connection a request, each machine asks from the address that it has a lease of.
"""


def measure(bench: Bench) -> Section:
    static = bench.pattern(_STATIC_SIZE)
    servers = ["nginx", *bench.subjects]
    prepared = _prepare(bench) if bench.has_muster else None
    numbers = itertools.count()

    def start(name: str) -> AbstractContextManager[Server]:
        if name == "nginx":
            return nginx(static.parent, bench.scratch)
        return prepared.serve_copy(bench.scratch / f"scripts-{next(numbers)}")

    def sampler(keep_alive: bool):
        def sample(name: str) -> dict[str, float]:
            what = {"port": HTTP_PORT, "path": f"/{static.name}"}
            if name == "muster":
                what = {"port": MUSTER_PORT, "path": _SCRIPT, "expect": "muster.boot=", "forbid": "muster.boot=preview"}
            with start(name) as server:
                server.settle()
                before = server.cpu_seconds()
                outcome = bench.clients.load(
                    "httpload",
                    **what,
                    machines=_MACHINES,
                    requests=_MACHINES,
                    first=machines.FIRST,
                    sources=None if keep_alive else str(network.MACHINES[0]),
                    keep_alive=keep_alive,
                )
                cpu = (server.cpu_seconds() - before) * 1e6 / outcome["finished"]
                return {"cpu": cpu, **{key: outcome[key] for key in ("rate", "median_ms", "p99_ms", "mean_bytes")}}

        return sample

    results = {}
    for title, keep_alive in _LOADS.items():
        bench.say(f"scripts: {title}")
        results[title] = alternate(bench.rounds, servers, sampler(keep_alive))
    return _section(servers, results)


def _prepare(bench: Bench) -> Muster:
    """A server's data with all machines described and leased, as a fleet before its power comes on."""
    muster = bench.muster("scripts")
    image = muster.import_file(bench.pattern(4096))
    with muster.serve() as server:
        profile = {"kind": "Profile", "name": "bench", "image": image.name}
        numbers = range(machines.FIRST, machines.FIRST + _MACHINES)
        muster.apply([profile, *(machines.resource(number, "bench") for number in numbers)])
        machines.take_leases(_MACHINES)
        server.settle()
    return muster


def _section(servers: list[str], results: dict[str, dict[str, dict[str, Series]]]) -> Section:
    section = Section(
        TITLE,
        _METHOD,
        heading=["", *servers],
    )
    for title, result in results.items():
        section.rows.append([f"{title}: answers/s", *(result[name]["rate"].text() for name in servers)])
        section.rows.append(["CPU µs an answer", *(result[name]["cpu"].text() for name in servers)])
        section.rows.append(["median ms", *(result[name]["median_ms"].text(2) for name in servers)])
        section.rows.append(["99 % within ms", *(result[name]["p99_ms"].text(2) for name in servers)])
        section.rows.append(["bytes an answer", *(f"{result[name]['mean_bytes'].median:.0f}" for name in servers)])
        if not _LOADS[title]:
            continue
        target = f"{title}: at least {_GOAL} times nginx"
        if "muster" in result:
            ratio = result["muster"]["rate"].median / result["nginx"]["rate"].median
            section.verdicts.append(Verdict(target, f"{ratio:.2f} × nginx", ratio >= _GOAL))
        else:
            section.verdicts.append(Verdict(target, "", None))
    return section
