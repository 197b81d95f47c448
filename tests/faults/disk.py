"""A small disk that can be filled: a tmpfs of its own under a folder."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import PartMissing

STEP = 2**20  # bytes


@dataclass(frozen=True, slots=True)
class Disk:
    folder: Path

    def fill(self) -> None:
        """Until nothing more goes in."""
        with self._ballast.open("ab") as ballast:
            for size in (STEP, 4096):
                with suppress(OSError):
                    while True:
                        os.posix_fallocate(ballast.fileno(), os.fstat(ballast.fileno()).st_size, size)

    def free(self) -> None:
        self._ballast.unlink()

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[Disk]:
    """Mounted for as long as this lasts. Raises PartMissing where this machine does not let us."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=755", "heard", str(folder))
    try:
        yield Disk(folder)
    finally:
        _mount("umount", "--lazy", str(folder))


def _mount(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PartMissing(
            f"A small disk cannot be mounted: be root, and allow it (CAP_SYS_ADMIN). {done.stderr.strip()}"
        )
