"""What the areas share in one run: where files go, the clients, how often, and the server under test."""

import sys
from dataclasses import dataclass
from pathlib import Path

from . import packages
from .clients import Clients
from .muster import Muster


@dataclass
class Bench:
    scratch: Path
    """On the disk; empty at the beginning and gone at the end."""
    cache: Path
    """Kept between runs: what was downloaded."""
    clients: Clients
    rounds: int
    executable: Path | None
    """The muster that is measured; None to measure its peers alone."""

    @property
    def has_muster(self) -> bool:
        return self.executable is not None

    @property
    def subjects(self) -> list[str]:
        """What stands behind the peers in an alternation."""
        return ["muster"] if self.has_muster else []

    def muster(self, name: str, settings: dict[str, object] | None = None) -> Muster:
        """A Muster with an empty data directory of its own."""
        if self.executable is None:
            raise RuntimeError("this run is without muster")
        return Muster(self.executable, self.directory(f"muster-{name}"), settings)

    def directory(self, name: str) -> Path:
        """A directory of this run, readable by servers that drop privileges."""
        path = self.scratch / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def pattern(self, size: int) -> Path:
        """A file of `size` bytes that the clients can check, in a directory of its own: `pattern/<size>`."""
        path = self.directory("pattern") / str(size)
        if not path.exists():
            self.clients.write_pattern(path, size)
        return path

    def unpacked(self, package: str) -> Path:
        """The directory of a package that the area names in its `PACKAGES`: downloaded before the network was left."""
        return packages.unpack(package, self.cache)

    def say(self, what: str) -> None:
        print(what, file=sys.stderr, flush=True)
