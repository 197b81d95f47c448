"""`python -m services …` is `heard …`, where the command itself is not installed."""

from services.cli import app

app(prog_name="heard")
