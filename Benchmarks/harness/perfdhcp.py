"""DHCP exchanges made by Kea's perfdhcp, which stands for many machines behind a relay agent."""

import re
import subprocess
from dataclasses import dataclass

from . import network


@dataclass(frozen=True)
class Exchanges:
    """What one run of perfdhcp counted."""

    rate: float
    """Whole four-way exchanges a second."""
    offered: int
    lost: int
    """DISCOVERs and REQUESTs that no answer came to."""


def offer(rate: int, seconds: int, machines: int, *, patience: float = 0) -> Exchanges:
    """Begins `rate` exchanges a second, each as one of `machines` chosen at random, whatever becomes of the others.

    `patience` is how many seconds more it waits for answers after the last packet; its rate counts them as well.
    """
    microseconds = str(int(patience * 1e6))
    output = _run("-r", str(rate), "-p", str(seconds), "-R", str(machines), "-W", microseconds, limit=seconds + 30)
    return Exchanges(
        rate=_number(output, r"Rate: ([\d.]+)"),
        offered=int(_number(output, r"sent packets: (\d+)")),
        lost=sum(int(drops) for drops in re.findall(r"drops: (\d+)", output)),
    )


def lease(machines: int) -> None:
    """Gives each of the machines that `offer` chooses from a lease, asking until all have one."""
    _run("--scenario", "avalanche", "-R", str(machines), limit=120)


def _run(*options: str, limit: int) -> str:
    command = network.inside("client", "perfdhcp", "-4", *options, "-l", network.RELAY, network.SERVER)
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    # 3 is its status for lost packets, which is a result like any other.
    if done.returncode not in (0, 3) or "Rate:" not in done.stdout:
        raise RuntimeError(f"perfdhcp: {(done.stdout + done.stderr)[-1000:].strip()}")
    return done.stdout


def _number(output: str, pattern: str) -> float:
    found = re.search(pattern, output)
    if found is None:
        raise RuntimeError(f"perfdhcp printed no {pattern!r}")
    return float(found.group(1))
