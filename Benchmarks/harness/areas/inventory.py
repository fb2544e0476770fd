"""A large inventory: look-ups as fast as in a small one, changes that arrive at once, and memory."""

import http.client
import json
import socket
import subprocess
import time

from .. import machines, network
from ..bench import Bench
from ..muster import HTTP_PORT, Image, Muster
from ..report import Section, Verdict
from ..samples import Series, alternate

TITLE = "Inventory"
PACKAGES: list[str] = []
_SMALL, _LARGE = 100, 100_000
_REQUESTS = 50_000
_CHANGES = 21
#: Of a machine that is asked for from an address that is not its own: the script, and no effects.
_SCRIPT = "/boot.ipxe?mac={mac}&uuid={uuid}&serial=m{number}&arch=x86_64&platform=pcbios"
_SHARE, _MILLISECONDS, _MEBIBYTES = 0.9, 100, 300


_METHOD = f"""
Scripts for machines asked for in turn, {_REQUESTS:,} of them on 64 kept connections, rendered without effects, with
{_SMALL} and {_LARGE:,} machines described. A change is one machine's profile, sent to the API over the unix socket; it
has arrived when its script names the other image. Memory is the whole server's.
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
        muster, _ = prepared[title]
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
    changes = _measure_changes(*prepared[large])
    _fill(section, results, changes)
    return section


def _prepare(bench: Bench, count: int) -> tuple[Muster, list[Image]]:
    """A data directory with `count` machines of profile `bench`, and a profile with another image."""
    bench.say(f"inventory: describing {count:,} machines")
    muster = bench.muster(f"inventory-{count}")
    images = [muster.import_file(bench.pattern(size)) for size in (4096, 8192)]
    with muster.serve():
        muster.apply(
            {"kind": "Profile", "name": name, "image": image.name, "adopt": "nextBoot"}
            for name, image in zip(("bench", "other"), images)
        )
        numbers = range(machines.FIRST, machines.FIRST + count)
        muster.apply(machines.resource(number, "bench", address=False) for number in numbers)
    return muster, images


def _measure_changes(muster: Muster, images: list[Image]) -> Series:
    """Milliseconds from sending a change until the boot plane shows it, of several machines."""
    with muster.serve():
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(muster.data / "muster.sock"))
        return Series([_milliseconds(connection, machines.FIRST + 4700 * n, images[1]) for n in range(_CHANGES)])


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


def _fill(section: Section, results: dict[str, dict[str, Series]], changes: Series) -> None:
    small, large = results.values()
    section.heading = ["", *results]
    section.rows = [
        ["scripts/s", *(result["rate"].text() for result in results.values())],
        ["resident MiB after the start", *(result["start"].text() for result in results.values())],
        ["resident MiB, peak", *(result["peak"].text() for result in results.values())],
        ["a change arrives: ms", "", changes.text(1)],
    ]
    share = large["rate"].median / small["rate"].median
    peak, arrival = max(large["peak"].values), changes.median
    section.verdicts = [
        Verdict(f"look-up in {_LARGE:,} within 10 % of {_SMALL}", f"{share:.2f} times", share >= _SHARE),
        Verdict(
            f"one changed machine arrives within {_MILLISECONDS} ms",
            f"{arrival:.0f} ms, the slowest of {_CHANGES} {max(changes.values):.0f}",
            arrival <= _MILLISECONDS,
        ),
        Verdict(f"{_LARGE:,} machines under {_MEBIBYTES} MiB of resident memory", f"{peak:.0f} MiB", peak < _MEBIBYTES),
    ]
