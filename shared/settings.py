"""What every service is told by its environment. Each service has one frozen settings class on top of this."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.kafka import client_options
from shared.security import holder_of

DEMO_MARK = "demo-"

T = TypeVar("T")

Secret = Annotated[SecretStr, Field(min_length=32)]
"""One that cannot be guessed."""


class Address(SecretStr):
    """Of a database or of brokers. What is secret in it is the password."""

    @property
    def password(self) -> str:
        address = self.get_secret_value()
        return (urlsplit(address).password or "") if "://" in address else ""


def _postgresql(given: Address) -> Address:
    if not given.get_secret_value().startswith("postgresql://"):
        raise ValueError("write it as postgresql://user:password@host:port/database")
    return given


Database = Annotated[Address, AfterValidator(_postgresql)]


def _hash(given: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", given.lower()):
        raise ValueError("is not the SHA-256 of a key, in hex: printf %s KEY | sha256sum")
    return given.lower()


KeyHash = Annotated[str, AfterValidator(_hash)]
"""What a service knows of a key."""

Url = Annotated[str, AfterValidator(lambda given: given.rstrip("/"))]
"""One that a path is put behind."""


class ServiceSettings(BaseSettings):
    """Settings that all services share; a secret that begins with `demo-` refuses to start outside the demo."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    environment: str = Field("production", description="`demo` alone accepts demo credentials")
    host: str = Field("127.0.0.1", description="address that HTTP listens on")
    kafka: Address = Field(description="brokers: host:port,… or tls://name:password@host:port,…")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="the least that is logged")
    metrics_port: int | None = Field(None, description="port on which the worker shows its metrics")

    @field_validator("kafka")
    @classmethod
    def _can_be_reached(cls, kafka: Address) -> Address:
        client_options(kafka.get_secret_value())
        return kafka

    @field_validator("*")
    @classmethod
    def _demo_credentials_stay_in_the_demo(cls, value: T, about: ValidationInfo) -> T:
        """`environment` is read before any of them."""
        if about.data.get("environment") != "demo" and any(one.startswith(DEMO_MARK) for one in _secrets(value)):
            raise ValueError("a demo credential is set outside the demo: give this service secrets of its own")
        return value

    def refuses(self, shown: str) -> bool:
        """Whether this key or secret is the demo's, and this is not the demo."""
        return self.environment != "demo" and shown.startswith(DEMO_MARK)


class KeyedSettings(ServiceSettings):
    """Of a service that programs call, each with a key."""

    keys: dict[str, KeyHash] = Field({}, description="JSON: who may call -> SHA-256 (hex) of their key")

    def holder_of(self, key: str) -> str | None:
        """Whose key this is; one of the demo is nobody's outside it."""
        return None if self.refuses(key) else holder_of(key, self.keys)


def _secrets(value: object) -> Iterator[str]:
    """Those in a setting, which may be a list or a table of them."""
    match value:
        case Address():
            yield value.password
        case SecretStr():
            yield value.get_secret_value()
        case tuple():
            for one in value:
                yield from _secrets(one)
        case Mapping():
            yield from _secrets(tuple(value.values()))
