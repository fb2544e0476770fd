"""A large inventory: look-ups as fast as in a small one, changes that arrive at once, and memory."""

import http.client
import json
import socket
import subprocess
import time
from dataclasses import dataclass

from .. import machines, network
from ..bench import Bench
from ..muster import HTTP_PORT, Image, Muster
from ..report import Section, Verdict
from ..samples import Series, alternate

TITLE = "Inventory"
PACKAGES: list[str] = []
_SMALL, _LARGE = 100, 100_000
_REQUESTS = 50_000
_CHANGES = 100
#: Nobody is trusted: what is asked here is to have no effects.
_SETTINGS = {"http": {"port": HTTP_PORT, "maxConnections": 65000}}
#: Of a machine that is asked for from an address that is not its own: the script, and no effects.
_SCRIPT = "/boot.ipxe?mac={mac}&uuid={uuid}&serial=m{number}&arch=x86_64&platform=pcbios"
_SHARE, _MILLISECONDS, _MEBIBYTES = 0.9, 100, 300


_METHOD = f"""
Scripts for machines asked for in turn, {_REQUESTS:,} of them on 64 kept connections, rendered without effects, with
{_SMALL} and {_LARGE:,} machines described, all of them by one `apply`. A change is one machine's profile, sent to the API
over the unix socket; it has arrived when the API has answered and its script names the other image. Memory is the whole
server's: at the most in the server that took the `apply`, and in one that was started with the machines and asked for
every script.
"""


def measure(bench: Bench) -> Section:
    section = Section(
        TITLE,
        _METHOD,
    )
    if not bench.has_muster:
        section.verdicts = [Verdict("an inventory of 100,000 machines", "", None)]
        return section
    sizes = {f"{size:,} machines": size for size in (_SMALL, _LARGE)}
    prepared = {title: _prepare(bench, size) for title, size in sizes.items()}

    def sample(title: str) -> dict[str, float]:
        muster = prepared[title].muster
        with muster.serve() as server:
            server.settle()
            start = server.resident_mebibytes()
            load = {"port": HTTP_PORT, "path": _SCRIPT, "expect": "muster.boot=preview", "keep_alive": True}
            outcome = bench.clients.load(
                "httpload", **load, machines=sizes[title], requests=_REQUESTS, first=machines.FIRST
            )
            return {"rate": outcome["rate"], "start": start, "peak": server.peak_resident_mebibytes()}

    bench.say("inventory: look-ups")
    results = alternate(bench.rounds, list(sizes), sample)
    bench.say("inventory: changes")
    large = list(sizes)[-1]
    changes = _measure_changes(prepared[large])
    _fill(section, results, {title: fleet.peak for title, fleet in prepared.items()}, changes)
    return section


@dataclass(frozen=True)
class _Fleet:
    """A data directory with machines of profile `bench`, and a profile with another image."""

    muster: Muster
    other: Image
    #: Mebibytes that the server had in memory at the most while it took the machines, all of them at once.
    peak: float


def _prepare(bench: Bench, count: int) -> _Fleet:
    bench.say(f"inventory: describing {count:,} machines")
    muster = bench.muster(f"inventory-{count}", _SETTINGS)
    images = [muster.import_file(bench.pattern(size)) for size in (4096, 8192)]
    with muster.serve() as server:
        muster.apply(
            {"kind": "Profile", "name": name, "image": image.name, "adopt": "nextBoot"}
            for name, image in zip(("bench", "other"), images)
        )
        numbers = range(machines.FIRST, machines.FIRST + count)
        muster.apply((machines.resource(number, "bench", address=False) for number in numbers), at_once=count)
        server.settle()
        return _Fleet(muster, images[1], server.peak_resident_mebibytes())


def _measure_changes(fleet: _Fleet) -> Series:
    """Milliseconds from sending a change until the boot plane shows it, of several machines."""
    with fleet.muster.serve() as server:
        server.settle()
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(fleet.muster.data / "muster.sock"))
        return Series([_milliseconds(connection, machines.FIRST + 970 * n, fleet.other) for n in range(_CHANGES)])


def _milliseconds(connection: http.client.HTTPConnection, number: int, image: Image) -> float:
    text = json.dumps(machines.resource(number, "other", address=False))
    body = json.dumps({"documents": [{"source": "bench", "text": text}], "dryRun": False})
    query = f"mac={machines.mac_of(number).hex('-')}&arch=x86_64&platform=pcbios"
    url = f"http://{network.SERVER}:{HTTP_PORT}/boot.ipxe?{query}"
    # Asked from the client's namespace, again and again, by one process that ends when it sees the image.
    script = f"until curl -sf '{url}' | grep -q {image.digest}; do :; done"
    watcher = subprocess.Popen(network.inside("client", "timeout", "30", "sh", "-c", script))
    time.sleep(0.1)
    start = time.monotonic()
    connection.request("POST", "/v1/apply", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    said = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"apply: {answer.status} {said.decode()}")
    if watcher.wait() != 0:
        raise RuntimeError(f"the change of machine {number} did not arrive")
    return (time.monotonic() - start) * 1000


def _fill(
    section: Section, results: dict[str, dict[str, Series]], applying: dict[str, float], changes: Series
) -> None:
    small, large = results.values()
    section.heading = ["", *results]
    section.rows = [
        ["scripts/s", *(result["rate"].text() for result in results.values())],
        ["resident MiB after the start", *(result["start"].text() for result in results.values())],
        ["resident MiB, peak while asked", *(result["peak"].text() for result in results.values())],
        ["resident MiB, peak of the `apply`", *(f"{applying[title]:.0f}" for title in results)],
        ["a change arrives: ms", "", changes.text(1)],
    ]
    share = large["rate"].median / small["rate"].median
    peak, arrival = max(*large["peak"].values, *applying.values()), max(changes.values)
    section.verdicts = [
        Verdict(f"look-up in {_LARGE:,} within 10 % of {_SMALL}", f"{share:.2f} times", share >= _SHARE),
        Verdict(
            f"one changed machine arrives within {_MILLISECONDS} ms",
            f"{changes.median:.0f} ms, the slowest of {_CHANGES} {arrival:.0f}",
            arrival <= _MILLISECONDS,
        ),
        Verdict(f"{_LARGE:,} machines under {_MEBIBYTES} MiB of resident memory", f"{peak:.0f} MiB", peak < _MEBIBYTES),
    ]
