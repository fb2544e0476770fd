"""Peers that Debian does not install beside each other (tftpd-hpa and atftpd): fetched and unpacked, never installed."""

import os
import subprocess
from pathlib import Path


def unpack(package: str, directory: Path) -> Path:
    """Downloads a Debian package once and returns the directory that it is unpacked in."""
    root = directory / package
    if root.exists():
        return root
    partial = directory / f".{package}.{os.getpid()}"
    partial.mkdir(parents=True)
    subprocess.run(["apt-get", "-q", "download", package], cwd=partial, check=True, capture_output=True)
    archive = next(partial.glob("*.deb"))
    subprocess.run(["dpkg-deb", "-x", str(archive), str(partial / "root")], check=True)
    (partial / "root").rename(root)
    archive.unlink()
    partial.rmdir()
    return root
