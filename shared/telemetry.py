"""Logs and traces: a fixed message with ids as fields, and never a word of a report."""

import logging
import re
import secrets
import sys
import traceback
from contextvars import ContextVar
from pathlib import Path
from typing import TextIO, cast

import structlog

TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

_traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)


class _Stderr:
    """Standard error as it is when something is written, whoever has changed it since."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure_logging(service: str, level: str) -> None:
    """One JSON object a line on stderr, with the service, the time and the correlation id."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_kind_and_place),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Stderr())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_in_our_words, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level="WARNING", force=True)
    structlog.contextvars.bind_contextvars(service=service)


def _in_our_words(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """What a library says of an exception may quote it, and with it a report: asyncio's logger does."""
    if event.get("exc_info"):
        event["event"] = f"unexpected error in {event['_record'].name}"
    return event


def _kind_and_place(exc_info: structlog.typing.ExcInfo) -> str:
    kind, error, _ = exc_info
    return f"{kind.__name__} at {place(error)}"


def new_traceparent() -> str:
    """A W3C trace context of our own, for a request or a report that came without one."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def is_traceparent(given: str) -> bool:
    return TRACEPARENT.fullmatch(given) is not None


def follow(traceparent: str | None) -> str:
    """Go on under this trace: it is logged as `correlation_id` and travels with every event published."""
    trace = traceparent or new_traceparent()
    _traceparent.set(trace)
    structlog.contextvars.bind_contextvars(correlation_id=correlation_id(trace))
    return trace


def current_traceparent() -> str:
    return _traceparent.get() or new_traceparent()


def correlation_id(traceparent: str) -> str:
    """The trace id inside a traceparent."""
    return traceparent.split("-")[1] if is_traceparent(traceparent) else "none"


def place(error: BaseException) -> str:
    """Where it went wrong, as file, line and function: code, and never a value that could hold somebody's words."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
