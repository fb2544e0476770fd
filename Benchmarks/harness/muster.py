"""The server under test: its data directories, made once and copied, and its process."""

import itertools
import json
import shutil
import struct
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import network
from .server import Server, tcp_listens

HTTP_PORT = 8080
CONTROL_PORT = 8081


@dataclass(frozen=True)
class Image:
    """What `muster image import` made."""

    name: str
    digest: str

    def part(self, name: str) -> str:
        """The path of a part, the same for TFTP and, after a slash, for HTTP."""
        return f"images/{self.digest}/{name}"


class Muster:
    """One data directory with its images and resources. `serve` runs a server on it, or on a copy of it."""

    def __init__(self, executable: Path, directory: Path, settings: dict[str, object] | None = None):
        """Prepares `directory`.

        `settings` replace those of `muster.yml` here, which serve the machines behind the relay from a pool.
        """
        self._executable = str(executable)
        self.data = directory / "data"
        self.data.mkdir(parents=True)
        self._settings = directory / "muster.yml"
        self._settings.write_text(json.dumps(_default_settings() | (settings or {})))  # JSON is YAML
        self._log = directory / "muster.log"

    def import_image(self, name: str, kernel: Path, initrd: Path, command_line: str = "") -> Image:
        output = self.command(
            "image",
            "import",
            "--name",
            name,
            "--kernel",
            str(kernel),
            "--initrd",
            str(initrd),
            "--cmdline",
            command_line,
            "--json",
        )
        return Image(name, _digest(json.loads(output)))

    def import_file(self, file: Path) -> Image:
        """An image whose initrd is `file`: the way for any bytes to be served."""
        kernel = self.data.parent / "stub-kernel"
        write_stub_kernel(kernel)
        return self.import_image(f"file-{file.name}", kernel, file)

    def apply(self, resources: Iterable[dict[str, object]], at_once: int = 10_000) -> None:
        """Applies resources to the running server, `at_once` in one request."""
        file = self.data.parent / "resources.yml"
        remaining = iter(resources)
        while part := list(itertools.islice(remaining, at_once)):
            file.write_text("\n---\n".join(json.dumps(resource) for resource in part))
            self.command("apply", "-f", str(file))

    def command(self, *arguments: str) -> str:
        """Runs a command of the CLI beside the server and returns what it printed."""
        options = ["--data", str(self.data), "--config", str(self._settings)]
        return network.run(*network.inside("server", self._executable, *arguments, *options))

    def metric(self, name: str) -> dict[str, float]:
        """The running server's samples of a metric, by what follows its name: `_sum`, `_bucket{le="0.05"}` …"""
        address = f"http://127.0.0.1:{CONTROL_PORT}/metrics"
        page = network.run(*network.inside("server", "curl", "-fsS", address))
        samples = (line.rsplit(" ", 1) for line in page.splitlines() if line.startswith(name))
        return {sample.removeprefix(name): float(value) for sample, value in samples}

    def serve(self, data: Path | None = None) -> Server:
        """Starts a server on `data`, or on this data directory itself."""
        command = [self._executable, "serve", "--data", str(data or self.data), "--config", str(self._settings)]
        listens, control = tcp_listens(HTTP_PORT), (data or self.data) / "muster.sock"
        return Server("muster", command, self._log, lambda: listens() and control.exists())

    def serve_copy(self, copy: Path) -> Server:
        """Starts a server on a copy of the data as it is now; blobs, which nobody changes, are shared by hard links."""
        shutil.rmtree(copy, ignore_errors=True)
        subprocess.run(["cp", "-a", str(self.data), str(copy)], check=True)
        return self.serve(copy)


def write_stub_kernel(path: Path) -> None:
    """A file that is an amd64 kernel by its header (Linux: Documentation/arch/x86/boot.rst) and nothing else."""
    header = bytearray(4096)
    header[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", header, 0x206, 0x20F)  # boot protocol 2.15
    struct.pack_into("<H", header, 0x236, 1)  # XLF_KERNEL_64
    struct.pack_into("<I", header, 0x238, 2047)  # cmdline_size
    path.write_bytes(header)
    path.chmod(0o644)


def _default_settings() -> dict[str, object]:
    first, last = network.MACHINES[0x1000], network.MACHINES[-2]
    return {
        "interface": network.INTERFACE,
        "address": network.SERVER,
        "log": "warning",
        "dhcp": {
            "mode": "server",
            "subnets": [{"network": str(network.MACHINES), "range": f"{first}-{last}", "leaseTime": "1h"}],
        },
        "tftp": {"port": 69},
        "http": {
            "port": HTTP_PORT,
            "maxConcurrentDownloads": 100000,
            "maxConnections": 65000,
            "trustedNetworks": [f"{network.CLIENT}/32"],
        },
        "control": {"listen": f"127.0.0.1:{CONTROL_PORT}"},
    }


def _digest(imported: dict[str, object]) -> str:
    return str(imported["digest"]).removeprefix("sha256:")
