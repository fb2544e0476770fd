"""Debian packages that are fetched and unpacked, never installed: peers that exclude each other, parts of machines."""

import re
import subprocess
from pathlib import Path

#: A package that only depends on the one that is meant, and what that one is called.
_MEANT = {"linux-image-cloud-amd64": r"linux-image-\d\S+"}


def unpack(package: str, directory: Path) -> Path:
    """Downloads a Debian package once and returns the directory that it is unpacked in."""
    root = directory / package
    if root.exists():
        return root
    partial = directory / f"{package}.partial"
    subprocess.run(["rm", "-rf", str(partial)], check=True)
    partial.mkdir(parents=True)
    _apt(partial, "apt-get", "-q", "download", _meant(package))
    archive = next(partial.glob("*.deb"))
    subprocess.run(["dpkg-deb", "-x", str(archive), str(partial / "root")], check=True)
    (partial / "root").rename(root)
    subprocess.run(["rm", "-rf", str(partial)], check=True)
    return root


def unpack_together(name: str, roots: list[str], pattern: str, excluded: set[str], directory: Path) -> Path:
    """Downloads packages and everything that they depend on whose name matches `pattern`, once, into one directory."""
    root = directory / name
    if root.exists():
        return root
    said = _apt(Path.cwd(), "apt-cache", "depends", "--recurse", "--important", *roots)
    wanted = {line for line in said.splitlines() if re.fullmatch(pattern, line)} - excluded
    partial = directory / f"{name}.partial"
    subprocess.run(["rm", "-rf", str(partial)], check=True)
    partial.mkdir(parents=True)
    _apt(partial, "apt-get", "-q", "download", *sorted(wanted))
    for archive in sorted(partial.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", str(archive), str(partial / "root")], check=True)
    (partial / "root").rename(root)
    subprocess.run(["rm", "-rf", str(partial)], check=True)
    return root


def _meant(package: str) -> str:
    if package not in _MEANT:
        return package
    found = re.search(f"Depends: ({_MEANT[package]})", _apt(Path.cwd(), "apt-cache", "depends", package))
    if found is None:
        raise RuntimeError(f"{package} depends on no {_MEANT[package]}")
    return found.group(1)


def _apt(directory: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
