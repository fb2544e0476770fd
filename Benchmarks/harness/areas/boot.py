"""Power-on to the booted system's first line, BIOS and UEFI, beside dnsmasq and nginx with the same three files."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import network, virtualmachine
from ..bench import Bench
from ..muster import Muster
from ..peers import HTTP_PORT, dnsmasq_boot, nginx
from ..report import Section, Verdict
from ..samples import Series, alternate

TITLE = "Power-on to marker"
PACKAGES = ["linux-image-cloud-amd64", "ipxe", "busybox-static"]
_GOAL = 1.1
_ROUNDS = 5
_FIRMWARE = ["bios", "uefi"]
_COMMAND_LINE = "console=ttyS0 quiet panic=-1"


_METHOD = """
Seconds from QEMU's start (TCG, one CPU, virtio NIC) to the first line that the booted system prints; the same loader,
kernel and initrd from all. BIOS boots with the NIC's iPXE ROM, UEFI by the firmware's PXE client and an iPXE fetched by
TFTP. dnsmasq does not ping first, says that there is no proxy DHCP (option 175.176) and sends router advertisements.
"""


def measure(bench: Bench) -> Section:
    files = _files(bench)
    servers = ["dnsmasq + nginx", *bench.subjects]
    prepared = _prepare(bench, files) if bench.has_muster else None
    numbers = itertools.count()
    virtualmachine.plug_in()

    @contextmanager
    def start(name: str) -> Iterator[None]:
        if name == "muster":
            with prepared.serve_copy(bench.scratch / f"boot-{next(numbers)}"):
                yield
        else:
            with dnsmasq_boot(files, "loader.efi", bench.directory(f"boot-{next(numbers)}")), nginx(
                files, bench.scratch
            ):
                yield

    def sampler(firmware: str):
        def sample(name: str) -> dict[str, float]:
            with start(name):
                return {"seconds": virtualmachine.seconds_to_marker(firmware, bench.scratch)}

        return sample

    rounds = min(bench.rounds, _ROUNDS)
    results = {}
    for firmware in _FIRMWARE:
        bench.say(f"boot: {firmware}")
        results[firmware] = alternate(rounds, servers, sampler(firmware))
    virtualmachine.unplug()
    return _section(servers, results, rounds)


def _files(bench: Bench) -> Path:
    """A directory with the kernel, the initrd, the loader for UEFI and the peers' script, for all servers alike."""
    files = bench.directory("boot")
    kernel = next(bench.unpacked("linux-image-cloud-amd64").glob("boot/vmlinuz-*"))
    loader = next(bench.unpacked("ipxe").glob("**/ipxe.efi"))
    for source, name in ((kernel, "kernel"), (loader, "loader.efi")):
        (files / name).write_bytes(source.read_bytes())
    virtualmachine.write_initrd(files / "initrd", next(bench.unpacked("busybox-static").glob("bin/busybox")))
    base = f"http://{network.SERVER}:{HTTP_PORT}"
    # An EFI kernel finds its initrd by this name, which iPXE does not tell it before version 2.
    lines = ["#!ipxe", f"kernel {base}/kernel initrd=initrd {_COMMAND_LINE}", f"initrd {base}/initrd", "boot"]
    (files / "boot.ipxe").write_text("\n".join(lines) + "\n")
    return files


def _prepare(bench: Bench, files: Path) -> Muster:
    link = network.SERVER.rsplit(".", 1)[0]
    dhcp = {
        "mode": "server",
        "subnets": [{"network": f"{link}.0/24", "range": f"{link}.100-{link}.199", "leaseTime": "1h"}],
        "routerAdvertisements": True,
        "loaders": {"x64": "loader.efi"},
    }
    muster = bench.muster("boot", {"dhcp": dhcp})
    loaders = muster.data / "loaders"
    loaders.mkdir()
    (loaders / "loader.efi").write_bytes((files / "loader.efi").read_bytes())
    with muster.serve():
        image = muster.import_image("bench", files / "kernel", files / "initrd", _COMMAND_LINE)
        machine = {"kind": "Machine", "name": "vm", "macs": [virtualmachine.MAC], "profile": "bench"}
        muster.apply([{"kind": "Profile", "name": "bench", "image": image.name}, machine])
    return muster


def _section(servers: list[str], results: dict[str, dict[str, dict[str, Series]]], rounds: int) -> Section:
    section = Section(
        TITLE,
        _METHOD,
        heading=["", *servers],
        rounds=rounds,
    )
    for firmware, result in results.items():
        section.rows.append([f"{firmware}: s", *(result[name]["seconds"].text(2) for name in servers)])
        target = f"{firmware}: within {_GOAL} times dnsmasq and nginx"
        if "muster" in result:
            ratio = result["muster"]["seconds"].median / result[servers[0]]["seconds"].median
            section.verdicts.append(Verdict(target, f"{ratio:.2f} times", ratio <= _GOAL))
        else:
            section.verdicts.append(Verdict(target, "", None))
    return section
