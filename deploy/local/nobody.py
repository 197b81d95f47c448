"""As root, PostgreSQL runs as `nobody`: where that user may come, and what is put there for it."""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Final

NOBODY: Final = 65534
_REFUGE: Final = Path("/var/lib/heard")


def open_to_all(path: Path) -> bool:
    """Whether any user can come to `path` and read it."""
    existing = path
    while not existing.exists():
        existing = existing.parent
    return existing.stat().st_mode & 0o005 == 0o005 and all(up.stat().st_mode & 0o001 for up in existing.parents)


def refuge(folder: Path) -> Path:
    """Where `nobody` can reach it, when `folder` lies under one that only root may enter."""
    return _REFUGE / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]


def make(folder: Path) -> None:
    """A folder, and those above it that are missing, open to `nobody` whatever root's umask is."""
    ours = [one for one in (folder, *folder.parents) if not one.exists() or one.is_relative_to(_REFUGE)]
    folder.mkdir(parents=True, exist_ok=True)
    for one in ours:
        one.chmod(0o755)


def copied(install: Path, to: Path) -> Path:
    """The binaries where any user can read them, their libraries as far from them as they were."""
    package = install.parent
    if not to.exists():
        unfinished = to.with_name("postgresql.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        for tree in (install, package.with_name(f"{package.name}.libs")):
            if tree.exists():
                shutil.copytree(tree, unfinished / tree.relative_to(package.parent), symlinks=True)
        _open_up(unfinished)
        unfinished.rename(to)
    return to / install.relative_to(package.parent)


def _open_up(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644))
