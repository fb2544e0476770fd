"""RESULTS.md: one section an area; a run replaces the sections that it measured and leaves the others."""

import os
import platform
import re
from dataclasses import dataclass, field
from pathlib import Path

_HEADER = """# Results

Written by `make bench`; `Benchmarks/README.md` says how it is measured. Medians, with quartiles in brackets. Absolute
figures belong to the host of the run; ratios are of servers measured in turn on it.
"""

_BUSY = """
**The host was busy with other work.** The scheduler shares it out by thread, so that a server of many processes got more
of it than one of a single thread: throughput says little here, CPU time does. To be repeated on an idle host.
""".strip()


@dataclass
class Verdict:
    """One target of one area and whether it was met."""

    target: str
    measured: str
    met: bool | None  # None when it could not be measured

    def row(self) -> list[str]:
        word = {True: "met", False: "**not met**", None: "not measured"}[self.met]
        return [self.target, self.measured, word]


@dataclass
class Section:
    title: str
    method: str
    verdicts: list[Verdict] = field(default_factory=list)
    heading: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    rounds: int | None = None  # where the area makes fewer than it was asked for

    def text(self, rounds: int, load: float) -> str:
        """The section as it stands in the page.

        `rounds` is how many were asked for, `load` the host's load average before anything was measured.
        """
        made = self.rounds or rounds
        facts = f"{host_facts()}, load {load:.1f} beforehand, {made} round{'' if made == 1 else 's'}"
        parts = [f"## {self.title}", f"_{facts}_", self.method.strip()]
        if load > (os.cpu_count() or 1) / 2:
            parts.append(_BUSY)
        if self.verdicts:
            parts.append(table(["target", "measured", ""], [verdict.row() for verdict in self.verdicts]))
        if self.rows:
            parts.append(table(self.heading, self.rows))
        parts += self.remarks
        return "\n\n".join(parts) + "\n"


def table(heading: list[str], rows: list[list[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def host_facts() -> str:
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    model = found.group(1) if found else platform.machine()
    release = platform.release().split("-")[0]
    return f"Linux {release}, {os.cpu_count()} × {model}"


def write(path: Path, section: Section, rounds: int, load: float, order: list[str]) -> None:
    """Puts the section into the page in the place of the one of the same title; titles stand in the order of `order`."""
    kept = {}
    if path.exists():
        for part in re.split(r"(?m)^(?=## )", path.read_text())[1:]:
            kept[part.splitlines()[0].removeprefix("## ")] = part.rstrip() + "\n"
    kept[section.title] = section.text(rounds, load)
    titles = [title for title in order if title in kept]
    path.write_text("\n".join([_HEADER, *(kept[title] for title in titles)]))
