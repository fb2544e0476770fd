"""From the kernel's start of /init to the services' start: our init beside one that does what LinuxKit's does."""

import json
import subprocess
from pathlib import Path

from .. import containers, firstprocess, gotoolchain
from ..bench import Bench
from ..report import Section, Verdict
from ..samples import Series, alternate

TITLE = "Init"
PACKAGES = ["busybox-static"]
_ROUNDS = 5
_GOAL = 0.5
_CPUS = {1: "one CPU", 2: "two CPUs"}
_SOURCES = Path(__file__).resolve().parents[2] / "init"
_RECIPES = Path(__file__).resolve().parents[3] / "boot" / "images"
_LIBRARIES = ["golang-github-containerd-containerd-dev"]
_IMAGES = ["kernel:cloud", "init", "runc", "containerd", "sysctl", "dhcp:once", "nginx", "redis", "node-exporter"]
#: Program of the reference → its package, and where it goes.
_PROGRAMS = {"first": "init", "rcinit": "bin/rc.init", "service": "usr/bin/service"}
#: What busybox is called by.
_APPLETS = ["bin/sh", "bin/cat", "sbin/init", "sbin/mdev", "sbin/modprobe", "sbin/hwclock", "sbin/reboot"]
_SCRIPTS = ["005-volumes", "010-onboot", "020-containerd"]
_REFERENCE = "reference"
_ALONE = "muster, no containerd"
_DEFINITION = """
kernel: {image: 'localhost/kernel:cloud'}
init: [%s]
onboot:
- {name: sysctl, image: localhost/sysctl}
- {name: dhcp, image: 'localhost/dhcp:once'}
services:
- {name: metrics, image: localhost/node-exporter}
- {name: redis, image: localhost/redis}
- {name: web, image: localhost/nginx}
"""

_METHOD = f"""
One tree of base images: kernel and modules, runc, containerd; sysctl and dhcp at boot; node-exporter, redis and nginx as
services under containerd. Only the init differs: ours, and one in Go that does step by step what LinuxKit's does
(`Benchmarks/init`). QEMU (TCG, {firstprocess.MEMORY} MiB, virtio NIC, user network), with one CPU and with two. Seconds are from the kernel's line
about /init to the marker, which both print when all services have been started. Memory is what the kernel had given out
at its most until then, beyond what it had when /init began: kernel and unpacked initrd are no merit of an init's. Pages that
a processor keeps after they were given back count as free.
Without containerd our init starts the services itself; LinuxKit's cannot.
"""


def prepare(cache: Path, executable: Path | None) -> None:
    """Fetches what wants a network: Go with its libraries, and the packages of the base images."""
    gotoolchain.unpack(_LIBRARIES, cache)
    if executable:
        recipes = [str(_RECIPES / name) for name in _IMAGES]
        command = [str(executable), "pkg", "build", *recipes, "--data", str(cache / "base")]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def measure(bench: Bench) -> Section:
    section = Section(TITLE, _METHOD)
    if not bench.has_muster:
        section.verdicts = [Verdict("half the time of the reference", "", None)]
        return section
    bench.say("init: building the reference")
    trees = _trees(bench)
    busybox = next(bench.unpacked("busybox-static").glob("bin/busybox"))
    kernel = trees[_REFERENCE] / "machine-kernel"
    memory = firstprocess.make_memory(bench.scratch / "memory")
    counters = firstprocess.find_counters(kernel, busybox, memory, bench.directory("init"))
    bench.say("init: booting")

    section.rounds = min(bench.rounds, _ROUNDS)
    section.heading = ["", *trees]
    for cpus, name in _CPUS.items():

        def sample(subject: str) -> dict[str, float]:
            boot = firstprocess.boot(kernel, trees[subject] / "machine-initrd.img", cpus, memory, counters)
            return {"seconds": boot.seconds, "peak": boot.peak, "before": boot.before}

        _add(section, name, alternate(section.rounds, list(trees), sample))
    return section


def _add(section: Section, cpus: str, results: dict[str, dict[str, Series]]) -> None:
    for name, quantity, digits in (
        ("/init to up: s", "seconds", 2),
        ("memory at most, beyond that at /init: MiB", "peak", 0),
        ("memory at /init: MiB", "before", 0),
    ):
        section.rows.append([f"{cpus}, {name}", *(series[quantity].text(digits) for series in results.values())])
    for target, quantity in (("time", "seconds"), ("memory", "peak")):
        ratio = results["muster"][quantity].median / results[_REFERENCE][quantity].median
        text = f"{target}, {cpus}: at most {_GOAL} of the reference, on the same tree"
        section.verdicts.append(Verdict(text, f"{ratio:.2f}", ratio <= _GOAL))


def _trees(bench: Bench) -> dict[str, Path]:
    """Subject → the directory with its kernel and initrd."""
    data = bench.directory("init/data")
    subprocess.run(["cp", "-a", str(bench.cache / "base" / "cache"), str(data)], check=True)
    _add_reference(bench, data)
    executables = {
        _REFERENCE: ["bench.example/reference:1", "localhost/runc", "localhost/containerd"],
        "muster": ["localhost/init", "localhost/runc", "localhost/containerd"],
        _ALONE: ["localhost/init", "localhost/runc"],
    }
    trees = {}
    for number, (subject, init) in enumerate(executables.items()):
        directory = bench.directory(f"init/{number}")
        definition = directory / "machine.yml"
        definition.write_text(_DEFINITION % ", ".join(json.dumps(name) for name in init))
        command = [str(bench.executable), "build", str(definition), "--offline", "--data", str(data)]
        subprocess.run([*command, "--dir", str(directory)], check=True, capture_output=True)
        trees[subject] = directory
    return trees


def _add_reference(bench: Bench, data: Path) -> None:
    """Puts the image of the reference into the cache of container images."""
    root = bench.directory("init/reference")
    busybox = next(bench.unpacked("busybox-static").glob("bin/busybox"))
    for path in ("bin", "dev", "mnt", "proc", "root", "run", "sbin", "sys", "tmp", "usr/bin", "var"):
        (root / path).mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", f"{_SOURCES / 'image'}/.", str(root)], check=True)
    subprocess.run(["cp", str(busybox), str(root / "bin/busybox")], check=True)
    for name in _APPLETS:
        (root / name).symlink_to("/bin/busybox")
    for name in _SCRIPTS:
        (root / "etc/init.d" / name).symlink_to("/usr/bin/service")
    (root / "etc/resolv.conf").symlink_to("/run/resolvconf/resolv.conf")
    toolchain = gotoolchain.unpack(_LIBRARIES, bench.cache)
    for source, target in _PROGRAMS.items():
        gotoolchain.build(toolchain, _SOURCES / source, root / target, bench.cache)
    layer = containers.layer(bench.directory("init") / "reference.tar.gz", root)
    containers.image(data / "cache", "bench.example/reference:1", [layer], ["/init"])
