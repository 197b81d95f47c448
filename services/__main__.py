"""`heard`, as `python -m services`."""

import os
import sys
from importlib import import_module
from typing import Final

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a second reading is one core's work, and the same on every run

from shared.command import said_plainly

ALONE: Final = {"intake": "app", "classifier": "service", "escalation": "app"}
"""A service's process loads its own service and no other: killed, it is back a third sooner."""


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    with said_plainly():
        if name in ALONE:
            command = getattr(import_module(f"services.{name}.cli"), ALONE[name])
            command(sys.argv[2:], prog_name=f"heard {name}")
        else:
            import_module("services.cli").app(prog_name="heard")


if __name__ == "__main__":
    main()
