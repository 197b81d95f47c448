"""A command that cannot be done says why in a line: exit 2 where it was asked wrongly, 3 where something is away."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EADDRINUSE
from typing import Any, Final, NoReturn, TypeVar

import asyncpg
from aiokafka.errors import KafkaError
from pydantic import ValidationError
from pydantic_settings import SettingsError

from shared.consumer import NotYet
from shared.database import DatabaseUnavailable, NotAsNeeded
from shared.http import ServiceError
from shared.kafka import KafkaUnavailable
from shared.settings import ServiceSettings
from shared.telemetry import configure_logging

REFUSED: Final = 2
AWAY: Final = 3
NOT_LET_IN: Final = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)

S = TypeVar("S", bound=ServiceSettings)


class AskedWrongly(Exception):
    """A setting, a file or a line of it that has to be mended first: the message names it, and says what to do."""


@contextmanager
def said_plainly() -> Iterator[None]:
    """Ends the process with a line on stderr for what whoever asked can mend. All else is ours: a traceback."""
    try:
        yield
    except (AskedWrongly, ServiceError, NotYet) as error:
        _end(str(error), REFUSED)
    except NOT_LET_IN as error:
        _end(f"the database does not let us in: {error}: see to its DATABASE", REFUSED)
    except NotAsNeeded as error:
        _end(f"the database is not as it has to be: {error}: heard intake migrate, heard escalation migrate", REFUSED)
    except DatabaseUnavailable as error:
        _end(f"the database is away: {error}: see that it is up, and where DATABASE leads", AWAY)
    except (KafkaError, KafkaUnavailable) as error:
        _end(f"Kafka is away: {error}: see that it is up, and where KAFKA leads", AWAY)
    except OSError as error:
        if error.errno == EADDRINUSE:
            _end(f"{error.strerror}: see to METRICS_PORT", REFUSED)
        if error.filename is None:
            raise
        _end(f"{error.filename}: {error.strerror}", REFUSED)


def _end(why: str, code: int) -> NoReturn:
    sys.stderr.write(f"{why}\n")
    sys.exit(code)


def settings_of(kind: type[S], service: str) -> S:
    """What a service is told by its environment, and its log begun. Raises AskedWrongly, a line for each variable."""
    prefix = kind.model_config["env_prefix"]
    try:
        settings = kind()
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        raise AskedWrongly("\n".join(f"{prefix}{_variable(fault)}: {reason(fault)}" for fault in faults)) from error
    except SettingsError as error:
        field = re.findall(r'field "(\w+)"', str(error))
        raise AskedWrongly(f"{prefix}{''.join(field).upper()}: is not JSON, as it has to be") from error
    configure_logging(service, settings.log_level)
    return settings


def _variable(fault: Any) -> str:
    field, *inside = fault["loc"]
    return " ".join([str(field).upper(), *map(str, inside)])


def reason(fault: Any) -> str:
    """One of a ValidationError's, in a line that repeats nothing of what was given."""
    return "is not set" if fault["type"] == "missing" else str(fault["msg"]).removeprefix("Value error, ")
