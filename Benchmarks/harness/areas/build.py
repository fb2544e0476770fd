"""Building images: cold beside bsdtar and zstd, again after a change and after none, sizes, and memory."""

import json
import os
import shutil
import subprocess
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

from .. import containers
from ..bench import Bench
from ..report import Section, Verdict
from ..samples import Series, alternate

TITLE = "Build"
_KERNEL = "linux-image-cloud-amd64"
#: Service → its packages; those of several packages have a layer for each.
_SERVICES = {
    "etcd": ["etcd-server"],
    "registry": ["docker-registry"],
    "alertmanager": ["prometheus-alertmanager"],
    "node-exporter": ["prometheus-node-exporter"],
    "haproxy": ["libc6", "haproxy"],
    "redis": ["libc6", "redis-tools"],
}
#: The small one that changes.
_CHANGING = "haproxy"
PACKAGES = [_KERNEL, "containerd", "runc", *dict.fromkeys(name for names in _SERVICES.values() for name in names)]
_PEER = "bsdtar, zstd -3 -T0"
_COPIES = 10
_MEMORY, _CHANGED, _CHANGED_SHARE, _UNCHANGED, _SMALLER = 150, 0.3, 0.05, 0.1, 0.85

_METHOD = """
A root of Debian packages: kernel and modules, containerd and runc as `init`, six services (etcd, docker-registry,
alertmanager, node-exporter, haproxy, redis; the last two on a layer with libc6), each an image of its own with layers
in tar.gz. Cold: the cache holds the images as pulled, and there is nothing else in the data directory; kernel, initrd
and command line are written out, always into the same directory: whole after a cold build; afterwards what stands
there as it was written stays, and of the initrd what follows the change is written. The peer turns the same layers
into one newc archive and compresses it, without unpacking kernel.tar, and synchronises nothing; Muster synchronises
what it keeps. The definition says zstd: of this kernel nothing is known that says so, and gzip would be taken. After
a cold build haproxy gets a layer with another configuration file, then nothing changes. gzip -6 and zstd -3 compress
the same bytes. Memory is the process's maximum of resident memory, in a cold build; the large root is one image with
ten copies of every package.
"""


def measure(bench: Bench) -> Section:
    section = Section(TITLE, _METHOD)
    bench.say("build: packing images")
    packed = _Packed(bench)
    subjects = [*bench.subjects, _PEER]

    def sample(subject: str) -> dict[str, float]:
        os.sync()
        return packed.peer() if subject == _PEER else packed.builds()

    bench.say("build: cold, changed, unchanged")
    results = alternate(bench.rounds, subjects, sample)
    rows = {"root MiB": {_PEER: f"{packed.root_mebibytes():.0f}"}}
    section.heading = ["", *subjects]
    section.rows = [["cold: s", *(results[subject]["cold"].text(2) for subject in subjects)]]
    section.rows += [[name, *(values.get(subject, "") for subject in subjects)] for name, values in rows.items()]
    if not bench.has_muster:
        section.verdicts = [Verdict("a cold build at least as fast as bsdtar and zstd", "", None)]
        return section
    _fill(section, results["muster"], results[_PEER], packed, bench)
    return section


def _fill(section: Section, ours: dict[str, Series], peer: dict[str, Series], packed: "_Packed", bench: Bench) -> None:
    bench.say("build: sizes")
    standard, gzipped = packed.initrd_bytes(), packed.gzip_bytes()
    compact = packed.initrd_bytes("--compact")
    bench.say("build: a large root")
    large, large_root = packed.large()
    cold, changed, unchanged = (ours[name].median for name in ("cold", "changed", "unchanged"))
    memory = max(ours["resident"].values)
    mebibyte = 1 << 20
    section.rows += [
        ["one service changed: s", ours["changed"].text(2), ""],
        ["nothing changed: s", ours["unchanged"].text(3), ""],
        ["resident MiB, cold", ours["resident"].text(), ""],
        [f"resident MiB, {large_root:,.0f} MiB of root", f"{large:.0f}", ""],
        ["initrd MiB, zstd -3", f"{standard / mebibyte:.1f}", ""],
        ["initrd MiB, gzip -6", f"{gzipped / mebibyte:.1f}", ""],
        ["initrd MiB, --compact", f"{compact / mebibyte:.1f}", ""],
    ]
    speed = peer["cold"].median / cold
    section.verdicts = [
        Verdict("a cold build at least as fast as bsdtar and zstd -3 -T0", f"{speed:.2f} times", speed >= 1),
        Verdict(
            f"one small service changed: under {_CHANGED} s and {_CHANGED_SHARE:.0%} of cold",
            f"{changed:.2f} s, {changed / cold:.1%}",
            changed < _CHANGED and changed < _CHANGED_SHARE * cold,
        ),
        Verdict(f"nothing changed: under {_UNCHANGED} s", f"{unchanged:.3f} s", unchanged < _UNCHANGED),
        Verdict("zstd -3 smaller than gzip -6", f"{standard / gzipped:.2f} times", standard < gzipped),
        Verdict(
            f"--compact at least {1 - _SMALLER:.0%} smaller still",
            f"{1 - compact / standard:.1%} smaller",
            compact <= _SMALLER * standard,
        ),
        Verdict(
            f"resident memory under {_MEMORY} MiB, whatever the root's size",
            f"{memory:.0f} MiB, {large:.0f} MiB",
            max(memory, large) < _MEMORY,
        ),
    ]


@dataclass
class _Run:
    seconds: float
    #: MiB
    resident: float
    said: dict


class _Packed:
    """The images, in a data directory's cache, and their definition."""

    def __init__(self, bench: Bench):
        self._bench = bench
        self._directory = bench.directory("build")
        self._layers = bench.cache / "layers"
        self._scratch = self._directory / "kernel"
        self._changes = 0
        self._all: list[Path] = []
        self._data = self._directory / "data"
        self._image("kernel", [self._kernel()])
        self._image("init", self._of(["containerd", "runc"]))
        for name, packages in _SERVICES.items():
            self._image(name, self._of(packages))
        self._definition = self._directory / "machine.yml"
        self._definition.write_text(_definition(list(_SERVICES)))

    # What is built

    def _of(self, names: list[str]) -> list[Path]:
        return [containers.layer(self._layers / f"{name}.tar.gz", self._bench.unpacked(name)) for name in names]

    def _kernel(self) -> Path:
        """`kernel` and `kernel.tar`, as LinuxKit's kernel images have them."""
        target = self._layers / f"{_KERNEL}.tar.gz"
        if not target.exists():
            root = self._bench.unpacked(_KERNEL)
            self._scratch.mkdir()
            shutil.copy(next((root / "boot").glob("vmlinuz-*")), self._scratch / "kernel")
            with tarfile.open(self._scratch / "kernel.tar", "w") as archive:
                archive.add(root / "lib", "lib")
            containers.layer(target, self._scratch)
        return target

    def _image(self, name: str, layers: list[Path], tag: str = "1", data: Path | None = None) -> None:
        if tag == "1":
            self._all += layers
        # The cache is an OCI image layout.
        containers.image((data or self._data) / "cache", f"bench.example/{name}:{tag}", layers, [f"/{name}"])

    # Measuring

    def _build(self, *arguments: str, data: Path | None = None, definition: Path | None = None) -> _Run:
        command = [str(self._bench.executable), "build", str(definition or self._definition), "--offline", "--json"]
        command += ["--data", str(data or self._data), "--dir", str(self._directory / "output"), *arguments]
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: status {process.returncode}")
        return _Run(seconds, usage.ru_maxrss / 1024, json.loads(said))

    def _forget(self, data: Path) -> None:
        """Leaves nothing in a data directory but the images as they were pulled."""
        for path in data.iterdir():
            if path.name != "cache":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        os.sync()

    def builds(self) -> dict[str, float]:
        self._forget(self._data)
        cold = self._build("--set", "tag=1")
        self._changes += 1
        tag = f"1.{self._changes}"
        configuration = {"etc/haproxy/muster.cfg": f"# change {tag}\n".encode()}
        change = containers.layer(self._directory / f"{tag}.tar.gz", extra=configuration)
        self._image(_CHANGING, [*self._of(_SERVICES[_CHANGING]), change], tag)
        os.sync()
        changed = self._build("--set", f"tag={tag}")
        if changed.said["digest"] == cold.said["digest"]:
            raise RuntimeError("nothing changed although a service did")
        unchanged = self._build("--set", f"tag={tag}")
        if unchanged.said["digest"] != changed.said["digest"]:
            raise RuntimeError("two builds of the same are not the same")
        return {
            "cold": cold.seconds,
            "changed": changed.seconds,
            "unchanged": unchanged.seconds,
            "resident": cold.resident,
        }

    def peer(self) -> dict[str, float]:
        output = self._directory / "peer.zst"
        command = "set -o pipefail; bsdtar -cf - --format=newc \"${@/#/@}\" | zstd -q -3 -T0 -f -o \"$0\""
        begin = time.perf_counter()
        subprocess.run(["bash", "-c", command, output, *self._all], check=True, stderr=subprocess.DEVNULL)
        seconds = time.perf_counter() - begin
        return {"cold": seconds}

    def root_mebibytes(self) -> float:
        command = "set -o pipefail; bsdtar -cf - --format=newc \"${@/#/@}\" | wc -c"
        done = subprocess.run(["bash", "-c", command, "sh", *self._all], check=True, capture_output=True)
        return int(done.stdout) / (1 << 20)

    def initrd_bytes(self, *arguments: str) -> int:
        return sum(part["size"] for part in self._build("--set", "tag=1", *arguments).said["initrd"])

    def gzip_bytes(self) -> int:
        """The standard initrd's bytes as gzip -6 compresses them."""
        said = self._build("--set", "tag=1").said
        parts = [self._data / "blobs/sha256" / part["digest"].removeprefix("sha256:") for part in said["initrd"]]
        done = subprocess.run(
            ["bash", "-c", "set -o pipefail; cat \"$@\" | zstd -dcq | gzip -6 | wc -c", "sh", *parts],
            check=True,
            capture_output=True,
        )
        return int(done.stdout)

    def large(self) -> tuple[float, float]:
        """MiB of resident memory, and of the root, of a build of one service with everything several times."""
        data = self._directory / "large"
        trees = [self._bench.unpacked(name) for name in PACKAGES]
        path = containers.layer(self._layers / f"large-{_COPIES}.tar.gz", *trees, repeat=_COPIES)
        self._image("kernel", [self._kernel()], "large", data)
        self._image("large", [path], "large", data)
        definition = self._directory / "large.yml"
        definition.write_text(
            "muster: {kernel: {initrd: zstd}}\n"
            "kernel: {image: 'bench.example/kernel:large'}\n"
            "services: [{name: large, image: 'bench.example/large:large'}]\n"
        )
        run = self._build(data=data, definition=definition)
        size = sum(file.lstat().st_size for tree in trees for file in tree.rglob("*") if file.is_file())
        shutil.rmtree(data)
        return run.resident, _COPIES * size / (1 << 20)


def _definition(services: list[str]) -> str:
    lines = ["muster: {kernel: {initrd: zstd}}", "kernel: {image: 'bench.example/kernel:1', cmdline: console=ttyS0}"]
    lines += ["init: ['bench.example/init:1']", "services:"]
    for name in services:
        tag = "${tag}" if name == _CHANGING else "1"
        lines.append(f"- {{name: {name}, image: 'bench.example/{name}:{tag}'}}")
    return "\n".join(lines) + "\n"
