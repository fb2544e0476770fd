"""Container images made of directories: OCI layouts in tar files, their layers in tar.gz as registries have them."""

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from pathlib import Path

#: Of every file: the same directory makes the same image.
_TIME = 1_700_000_000


def layer(target: Path, *trees: Path, repeat: int = 1, extra: dict[str, bytes] | None = None) -> Path:
    """Writes the files of `trees`, `repeat` times under names of their own, and `extra` ones into a layer (tar.gz).

    Made once: a file that is there already is returned as it is.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    with (
        partial.open("wb") as file,
        gzip.GzipFile("", "wb", 6 if repeat == 1 else 1, file, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        for number in range(repeat):
            for tree in trees:
                prefix = f"copy-{number}" if repeat > 1 else ""
                archive.add(tree, prefix or "/", filter=_plain)
        for name, content in (extra or {}).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(_plain(member), io.BytesIO(content))
    partial.rename(target)
    return target


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mtime = _TIME
    return member


def image(layout: Path, name: str, layers: list[Path], command: list[str]) -> None:
    """Adds an image of `layers` to an OCI image layout (image-layout.md) under `name`."""
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)

    def put(content: bytes, media_type: str) -> dict[str, object]:
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        full_type = f"application/vnd.oci.image.{media_type}"
        return {"mediaType": full_type, "digest": f"sha256:{digest}", "size": len(content)}

    def copy(path: Path) -> dict[str, object]:
        """A layer, never whole in memory: what is started afterwards would count it as its own (ru_maxrss)."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        shutil.copyfile(path, blobs / digest)
        full_type = "application/vnd.oci.image.layer.v1.tar+gzip"
        return {"mediaType": full_type, "digest": f"sha256:{digest}", "size": path.stat().st_size}

    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": command, "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [_unpacked_digest(path) for path in layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "config": put(json.dumps(config).encode(), "config.v1+json"),
        "layers": [copy(path) for path in layers],
    }
    entry = put(json.dumps(manifest).encode(), "manifest.v1+json")
    index = layout / "index.json"
    images = json.loads(index.read_text())["manifests"] if index.exists() else []
    images.append({**entry, "annotations": {"org.opencontainers.image.ref.name": name}})
    index.write_text(json.dumps({"schemaVersion": 2, "manifests": images}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


def _unpacked_digest(layer: Path) -> str:
    with gzip.open(layer) as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
