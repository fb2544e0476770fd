"""The load clients: built from clients/*.c, run in the client's namespace, heard as JSON."""

import json
import subprocess
from pathlib import Path

from . import network

_sources = Path(__file__).resolve().parent.parent / "clients"
_programs = {
    "pattern": ["pattern.c", "common.c"],
    "tftpload": ["tftpload.c", "common.c"],
    "httpload": ["httpload.c", "answer.c", "common.c"],
    "httpfetch": ["httpfetch.c", "answer.c", "common.c"],
}


class Clients:
    def __init__(self, directory: Path):
        """Compiles all of them into `directory`."""
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        for program, files in _programs.items():
            flags = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror"]
            network.run("gcc", *flags, "-o", str(directory / program), *(str(_sources / file) for file in files))

    def write_pattern(self, path: Path, size: int) -> None:
        """A file of `size` bytes whose contents the clients can check; readable by servers that drop privileges."""
        with path.open("wb") as file:
            subprocess.run([self._directory / "pattern", str(size)], stdout=file, check=True)
        path.chmod(0o644)

    def load(self, program: str, **options: object) -> dict[str, float]:
        """Runs one client with `--name value` for each option (a bare `--name` for True) and returns its JSON.

        Raises RuntimeError, with what the client said, when anything that it asked for failed.
        """
        command = [str(self._directory / program), "--server", network.SERVER]
        for name, value in options.items():
            flag = "--" + name.replace("_", "-")
            if value is True:
                command.append(flag)
            elif value is not None and value is not False:
                command += [flag, str(value)]
        done = subprocess.run(network.inside("client", *command), capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {(done.stderr + done.stdout).strip()} ({' '.join(command[1:])})")
        return json.loads(done.stdout)
