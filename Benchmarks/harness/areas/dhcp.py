"""DHCP: new leases and machines that have one, every acknowledged lease on the disk, beside dnsmasq."""

import itertools
from contextlib import AbstractContextManager

from .. import network, perfdhcp
from ..bench import Bench
from ..peers import dnsmasq_dhcp
from ..report import Section, Verdict
from ..samples import Series, alternate
from ..server import Server

TITLE = "DHCP"
PACKAGES: list[str] = []
#: Exchanges offered a second, one run after another: a server's figure is its best, because too many spoil it.
_LADDER = [1000, 2000, 4000, 8000, 16000]
_SECONDS = 2
_NEW_MACHINES = 1 << 20
_KNOWN_MACHINES = 500
#: What a power-on of ten thousand machines within five seconds comes to.
_STORM_RATE = 2000
_STORM_SECONDS = 10


_METHOD = f"""
Whole exchanges (DISCOVER, OFFER, REQUEST, ACK) a second, made by perfdhcp behind a relay agent; both servers keep their
leases on the same disk and answer a new one when it is synchronised. Of {', '.join(str(rate) for rate in _LADDER)}
exchanges offered a second, {_SECONDS} s each, the best is taken.
"""


def measure(bench: Bench) -> Section:
    servers = ["dnsmasq", *bench.subjects]
    numbers = itertools.count()

    def start(name: str) -> AbstractContextManager[Server]:
        unused = f"dhcp-{next(numbers)}"
        return dnsmasq_dhcp(bench.directory(unused)) if name == "dnsmasq" else bench.muster(unused).serve()

    def new_leases(name: str) -> dict[str, float]:
        return {"rate": max(_fresh_rate(start, name, rate) for rate in _LADDER)}

    def known_machines(name: str) -> dict[str, float]:
        with start(name) as server:
            perfdhcp.lease(_KNOWN_MACHINES)
            server.settle()
            before = server.cpu_seconds()
            runs = [perfdhcp.offer(rate, _SECONDS, _KNOWN_MACHINES) for rate in _LADDER]
            done = sum(run.rate * _SECONDS for run in runs)
            return {"rate": max(run.rate for run in runs), "cpu": (server.cpu_seconds() - before) * 1e6 / done}

    def storm(name: str) -> dict[str, float]:
        with start(name) as server:
            server.settle()
            before = [network.full_buffer_drops(namespace) for namespace in ("server", "client")]
            fresh = perfdhcp.offer(_STORM_RATE, _STORM_SECONDS, _NEW_MACHINES, patience=1)
            after = [network.full_buffer_drops(namespace) for namespace in ("server", "client")]
            return {"lost": fresh.lost, "server": after[0] - before[0], "client": after[1] - before[1]}

    bench.say("dhcp: new leases")
    fresh = alternate(bench.rounds, servers, new_leases)
    bench.say("dhcp: known machines")
    known = alternate(bench.rounds, servers, known_machines)
    bench.say(f"dhcp: {_STORM_RATE} new machines a second")
    storms = alternate(min(bench.rounds, 3), servers, storm)
    section = Section(
        TITLE,
        _METHOD,
        _verdicts(fresh, known, storms),
        ["", *servers],
    )
    section.rows = [
        ["new leases/s", *(fresh[name]["rate"].text() for name in servers)],
        [f"known machines/s ({_KNOWN_MACHINES})", *(known[name]["rate"].text() for name in servers)],
        ["known: CPU µs an exchange", *(known[name]["cpu"].text() for name in servers)],
        [
            f"lost of {_STORM_RATE * _STORM_SECONDS:,} at {_STORM_RATE:,}/s",
            *(storms[name]["lost"].text() for name in servers),
        ],
        ["packets dropped by the server's full buffer", *(storms[name]["server"].text() for name in servers)],
        ["packets dropped by perfdhcp's full buffer", *(storms[name]["client"].text() for name in servers)],
    ]
    return section


def _fresh_rate(start, name: str, rate: int) -> float:
    """The exchanges a second of a server that has no lease yet."""
    with start(name) as server:
        server.settle()
        return perfdhcp.offer(rate, _SECONDS, _NEW_MACHINES).rate


def _verdicts(
    fresh: dict[str, dict[str, Series]], known: dict[str, dict[str, Series]], storms: dict[str, dict[str, Series]]
) -> list[Verdict]:
    def compare(target: str, results: dict[str, dict[str, Series]], goal: float) -> Verdict:
        if "muster" not in results:
            return Verdict(target, "", None)
        ratio = results["muster"]["rate"].median / results["dnsmasq"]["rate"].median
        return Verdict(target, f"{ratio:.2f} × dnsmasq", ratio >= goal)

    lost = max(storms["muster"]["lost"].values) if "muster" in storms else None
    return [
        compare("new leases: at least 2 times dnsmasq", fresh, 2.0),
        compare("known machines: at least 1.0 times dnsmasq", known, 1.0),
        Verdict(
            f"none lost at {_STORM_RATE:,} exchanges/s",
            "" if lost is None else f"{lost:.0f} lost",
            None if lost is None else lost == 0,
        ),
    ]
