"""Go programs, built by Debian's Go with the libraries that Debian has of it: unpacked, never installed."""

import os
import subprocess
from pathlib import Path

from . import packages

_GO = "golang-1.19-go"
#: Two packages have it, and exclude each other: the older one is what containerd's client is built with in Debian.
_EXCLUDED = {"golang-github-golang-protobuf-1-5-dev"}


def unpack(libraries: list[str], cache: Path) -> Path:
    """The directory with Go, these libraries and those that they need. Wants the network the first time."""
    return packages.unpack_together("golang", [_GO, *libraries], r"golang-.*", _EXCLUDED, cache)


def build(root: Path, source: Path, target: Path, cache: Path) -> None:
    """Builds the static program whose package is the directory `source`."""
    environment = {
        **os.environ,
        "GOROOT": str(root / "usr/lib/go-1.19"),
        "GOPATH": str(root / "usr/share/gocode"),
        "GOCACHE": str(cache / "go-build"),
        "GO111MODULE": "off",
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }
    command = [str(root / "usr/lib/go-1.19/bin/go"), "build", "-trimpath", "-ldflags", "-s -w", "-o", str(target), "."]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} in {source}:\n{done.stderr}")
