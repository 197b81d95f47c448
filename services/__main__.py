"""`heard`, as a command and as `python -m services`."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a second reading is one core's work, and the same on every run

from services.cli import app  # numpy reads the variable when it is imported


def main() -> None:
    app(prog_name="heard")


if __name__ == "__main__":
    main()
