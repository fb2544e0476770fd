"""A roll of ten thousand simulated machines that take five seconds to boot, one in twenty of which dies on the way."""

import datetime
import json
import math
import signal
import subprocess
import time

from .. import network
from ..bench import Bench
from ..muster import Muster
from ..report import Section, Verdict
from ..server import Server

TITLE = "A roll of ten thousand machines"
PACKAGES: list[str] = []
_MACHINES = 10_000
_BUDGET = 0.05
_WAVES = [0.05, 0.25, 1.0]
_BAKE = 10
_GOAL = 1.2
_DECISION = 0.05
#: Each machine holds a connection for its orders: more than the product's own limit has room for.
_SETTINGS = {"http": {"port": 8080, "maxConnections": 40_000}}


_METHOD = f"""
{_MACHINES:,} machines of `muster simulate --reboot-on-order --flaky 5%`: they reboot when they are told to, take 5 s from
the last byte to their first report, and one boot in twenty dies on the way and begins again 5 s later. All are healthy on one
release when `muster roll` moves them to another: one canary, waves of 5 %, 25 % and all, at most 5 % unavailable, {_BAKE} s of
baking, healthy counts at once, five tries. The bound is {_GOAL} × (canary + Σ (⌈wave / budget⌉ × mean boot time + bake)); the
mean is of the boots that came to health. CPU time is the whole server's, boots and reports included.
"""


def measure(bench: Bench) -> Section:
    section = Section(TITLE, _METHOD, heading=["", "muster"], rounds=1)
    if not bench.has_muster:
        section.verdicts = [Verdict("a roll of 10,000", "", None)]
        return section
    muster = bench.muster("storm-roll", _SETTINGS)
    with muster.serve() as server:
        muster.command("simulate", "--prepare", "--machines", str(_MACHINES))
        server.settle()
        command = [str(bench.executable), "simulate", "--machines", str(_MACHINES), "--over", "60", "--json"]
        command += ["--address", network.SERVER, "--relay", network.RELAY, "--reboot-on-order", "--flaky", "5%"]
        machines = subprocess.Popen(network.inside("client", *command), stdout=subprocess.PIPE, text=True)
        try:
            bench.say(f"roll: {_MACHINES:,} machines boot")
            _until(lambda: _healthy(muster) == _MACHINES, 180)
            bench.say("roll: they roll")
            roll, cpu = _roll(muster, server)
            decisions = muster.metric("muster_rollout_decision_seconds")
            machines.send_signal(signal.SIGINT)
            report = json.loads(machines.communicate(timeout=30)[0])
        finally:
            machines.kill()
        _fill(section, roll, cpu, report, server.peak_resident_mebibytes())
        _fill_decisions(section, decisions)
    return section


def _roll(muster: Muster, server: Server) -> tuple[dict, float]:
    """The roll when it is over or held, and the server's CPU seconds meanwhile."""
    muster.command("simulate", "--prepare", "--machines", str(_MACHINES), "--seed", "2")
    before = server.cpu_seconds()
    flags = ["--canary", "1", "--waves", ",".join(f"{wave:.0%}" for wave in _WAVES), "--max-unavailable", f"{_BUDGET:.0%}"]
    flags += ["--bake", f"{_BAKE}s", "--min-healthy", "0s", "--tries", "5", "--max-failures", "1%"]
    muster.command("roll", "simulated", *flags)
    roll: dict = {}

    def is_over() -> bool:
        # By its number: a profile's name stands for the roll of it that is open.
        roll.update(json.loads(muster.command("roll", "status", "1", "--json")))
        return roll["state"] != "running"

    _until(is_over, 900)
    return roll, server.cpu_seconds() - before


def _healthy(muster: Muster) -> int:
    listed = json.loads(muster.command("get", "machines", "-o", "json"))
    return sum(1 for machine in listed if machine["images"].get("lastGood"))


def _until(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("what was waited for did not come")
        time.sleep(2)


def _fill(section: Section, roll: dict, cpu: float, report: dict, resident: float) -> None:
    took = (_time(roll["ended"]) - _time(roll["began"])).total_seconds() if roll.get("ended") else math.inf
    boot = report["phases"]["boot"]["mean"] / 1000
    budget = int(_MACHINES * _BUDGET)
    sizes = [int(_MACHINES * (wave - before)) for wave, before in zip(_WAVES, [0.0, *_WAVES])]
    bound = boot + _BAKE + sum(math.ceil(size / budget) * boot + _BAKE for size in sizes)
    counts = roll["counts"]
    section.rows = [
        ["from the first turn to the end: s", f"{took:,.1f}"],
        ["the sum without the factor: s", f"{bound:,.1f}"],
        ["mean boot: s", f"{boot:.2f}"],
        ["done, failed, passed over", f"{counts['done']:,}, {counts['failed']:,}, {counts['skipped']:,}"],
        ["boots that died as they were meant to, in all", f"{report['counts']['deaths']:,}"],
        ["CPU s, server, of the roll", f"{cpu:,.1f}"],
        ["CPU s, simulator, in all", f"{report['processorSeconds']:,.1f}"],
        ["resident MiB, server, peak", f"{resident:,.0f}"],
    ]
    section.verdicts = [
        Verdict("every machine is on the new release", roll["state"], roll["state"] == "done" and counts["failed"] == 0),
        Verdict(f"within {_GOAL} × the sum", f"{took / bound:.2f} ×", took <= _GOAL * bound),
        Verdict("on less than one core", f"{cpu / took:.2f} cores", cpu < took),
    ]


def _fill_decisions(section: Section, decisions: dict[str, float]) -> None:
    count, total = decisions["_count"], decisions["_sum"]
    longer = count - decisions[f'_bucket{{le="{_DECISION}"}}']
    section.rows += [
        ["decisions of the engine", f"{count:,.0f}"],
        ["one decision, mean: ms", f"{total / count * 1000:.1f}"],
    ]
    section.verdicts.append(Verdict(f"a decision in {_DECISION * 1000:.0f} ms", f"{longer:,.0f} longer", longer == 0))


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
