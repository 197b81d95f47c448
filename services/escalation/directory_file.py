"""A directory as a file: read whole, or refused with the line and the reason of everything that is wrong in it."""

import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from services.escalation.domain.directory import Directory
from services.escalation.domain.directory_faults import Fault, faults
from services.escalation.errors import DirectoryRefused


def read_directory(path: Path) -> Directory:
    """A directory from a TOML file, whole or not at all; `-` is standard input.

    Raises DirectoryRefused with each line and reason.
    """
    try:
        text = (sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()).decode("utf-8-sig")
        read = Directory.model_validate(tomllib.loads(text))
    except OSError as error:
        raise DirectoryRefused(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DirectoryRefused(f"{path}: not UTF-8: save it as UTF-8 and load it again") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DirectoryRefused(f"{path}: not TOML: {error}") from error
    except ValidationError as error:
        raise _refused(path, text, [Fault(fault["loc"], fault["msg"]) for fault in error.errors()]) from error
    if found := faults(read):
        raise _refused(path, text, found)
    return read


def _refused(path: Path, text: str, found: Sequence[Fault]) -> DirectoryRefused:
    lines = text.splitlines()
    told = sorted({(_line(lines, fault.at), _place(fault.at), fault.reason) for fault in found})
    return DirectoryRefused("\n".join(f"{path}:{line}: {place}: {reason}" for line, place, reason in told))


def _place(at: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in at) or "directory"


def _line(lines: Sequence[str], at: Sequence[str | int]) -> int:
    """The line of a field, or else of the entry it is missing from; tomllib gives no places."""
    if len(at) < 2 or not isinstance(at[1], int):
        return next((n for n, line in enumerate(lines, 1) if at and re.match(rf"\[*{at[0]}\b", line)), 1)
    heads = [n for n, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{at[0]}\s*\]\]", line)]
    if at[1] >= len(heads):
        return 1
    head = heads[at[1]]
    for n in range(head + 1, len(lines)):
        if lines[n].lstrip().startswith("[["):
            break
        if len(at) > 2 and re.match(rf"\s*{re.escape(str(at[2]))}\s*[=.]", lines[n]):
            return n + 1
    return head + 1
