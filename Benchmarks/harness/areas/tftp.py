"""TFTP: one client and a hundred, lock-step and with windows, beside the three daemons that Debian has."""

from dataclasses import dataclass

from ..bench import Bench
from ..muster import Muster
from ..peers import TFTP_PORT, atftpd, dnsmasq_tftp, tftpd_hpa
from ..report import Section, Verdict
from ..samples import Series, alternate

TITLE = "TFTP"
PACKAGES = ["tftpd-hpa", "atftpd"]
_MEBIBYTE = 1 << 20
_BLKSIZE = 1468


_METHOD = f"""
GET with blksize {_BLKSIZE} over a veth pair with MTU 1500; MiB/s and, below, CPU milliseconds of the server for each
MiB. tftpd-hpa and dnsmasq know no windowsize and answer in lock-step. Every block is checked.
"""


@dataclass(frozen=True)
class Load:
    """What the clients of one measurement do together."""

    clients: int
    windowsize: int
    size: int
    repeat: int

    @property
    def title(self) -> str:
        return f"{self.clients} client{'s' if self.clients > 1 else ''}, window {self.windowsize}"


LOADS = [
    Load(1, 1, 64 * _MEBIBYTE, 1),
    Load(1, 16, 64 * _MEBIBYTE, 2),
    Load(1, 64, 64 * _MEBIBYTE, 2),
    Load(100, 1, 2 * _MEBIBYTE, 1),
    Load(100, 16, 2 * _MEBIBYTE, 2),
    Load(100, 64, 2 * _MEBIBYTE, 2),
]


def measure(bench: Bench) -> Section:
    muster = bench.muster("tftp") if bench.has_muster else None
    results = {load: _measure_load(bench, muster, load) for load in LOADS}
    section = Section(
        TITLE,
        _METHOD,
        verdicts=[verdict for load in LOADS for verdict in _verdicts(load, results[load])],
    )
    servers = list(results[LOADS[0]])
    section.heading = ["", *servers]
    for load in LOADS:
        section.rows.append([load.title, *(results[load][name]["rate"].text() for name in servers)])
        section.rows.append(["CPU ms/MiB", *(results[load][name]["cpu"].text(2) for name in servers)])
    return section


def _measure_load(bench: Bench, muster: Muster | None, load: Load) -> dict[str, dict[str, Series]]:
    file = bench.pattern(load.size)
    starters = {
        "tftpd-hpa": lambda: tftpd_hpa(bench.unpacked("tftpd-hpa"), file.parent, bench.scratch),
        "atftpd": lambda: atftpd(bench.unpacked("atftpd"), file.parent, bench.scratch),
        "dnsmasq": lambda: dnsmasq_tftp(file.parent, bench.scratch),
    }
    names = {server: file.name for server in starters}
    if muster is not None:
        names["muster"] = muster.import_file(file).part("initrd")
        starters["muster"] = muster.serve

    def fetch(server: str, **options: object) -> dict[str, float]:
        return bench.clients.load(
            "tftpload",
            port=TFTP_PORT,
            file=names[server],
            size=load.size,
            clients=load.clients,
            windowsize=load.windowsize,
            blksize=_BLKSIZE,
            seconds=120,
            **options,
        )

    def sample(server: str) -> dict[str, float]:
        # They share the port, so each runs alone; a first transfer, checked byte for byte, warms the caches.
        with starters[server]() as process:
            fetch(server, verify=True)
            process.settle()
            before = process.cpu_seconds()
            outcome = fetch(server, repeat=load.repeat)
            return {
                "rate": outcome["rate"],
                "cpu": (process.cpu_seconds() - before) * 1000 / outcome["mebibytes"],
                "retransmissions": outcome["retransmissions"],
            }

    bench.say(f"tftp: {load.title}")
    return alternate(bench.rounds, list(starters), sample)


def _verdicts(load: Load, results: dict[str, dict[str, Series]]) -> list[Verdict]:
    goals = {(100, 1): 0.95, (1, 16): 3.0, (100, 16): 2.3}
    goal = goals.get((load.clients, load.windowsize))
    if goal is None:
        return []
    best = max((name for name in results if name != "muster"), key=lambda name: results[name]["rate"].median)
    target = f"{load.title}: at least {goal} times the best of them"
    if "muster" not in results:
        return [Verdict(target, f"best: {best}", None)]
    ratio = results["muster"]["rate"].median / results[best]["rate"].median
    verdicts = [Verdict(target, f"{ratio:.2f} × {best}", ratio >= goal)]
    if load.windowsize == 1:
        share = results["muster"]["cpu"].median / results[best]["cpu"].median
        verdicts.append(Verdict(f"{load.title}: no more CPU per MiB", f"{share:.2f} × {best}", share <= 1))
    return verdicts
