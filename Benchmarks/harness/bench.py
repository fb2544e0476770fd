"""What the areas share in one run: where files go, the clients, how often, and the server under test."""

import sys
from dataclasses import dataclass
from pathlib import Path

from . import packages
from .clients import Clients


@dataclass
class Bench:
    scratch: Path
    """On the disk; empty at the beginning and gone at the end."""
    cache: Path
    """Kept between runs: what was downloaded."""
    clients: Clients
    rounds: int
    muster: None = None

    def directory(self, name: str) -> Path:
        """A directory of this run, readable by servers that drop privileges."""
        path = self.scratch / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def unpacked(self, package: str) -> Path:
        return packages.unpack(package, self.cache)

    def say(self, what: str) -> None:
        print(what, file=sys.stderr, flush=True)
