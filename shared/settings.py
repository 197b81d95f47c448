"""What every service is told by its environment. Each service has one frozen settings class on top of this."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.kafka import client_options

DEMO_MARK = "demo-"

Secret = Annotated[SecretStr, Field(min_length=32)]
"""One that cannot be guessed."""


class ServiceSettings(BaseSettings):
    """Settings that all services share; a secret that begins with `demo-` refuses to start outside the demo."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    environment: str = Field("production", description="`demo` alone accepts demo credentials")
    host: str = Field("127.0.0.1", description="address that HTTP listens on")
    kafka: SecretStr = Field(description="brokers: host:port,… or tls://name:password@host:port,…")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    metrics_port: int | None = Field(None, description="port on which the worker shows its metrics")

    @field_validator("kafka")
    @classmethod
    def _can_be_reached(cls, kafka: SecretStr) -> SecretStr:
        client_options(kafka.get_secret_value())
        return kafka

    @model_validator(mode="after")
    def _demo_credentials_stay_in_the_demo(self) -> Self:
        self.refuse_of_the_demo(secret for _, value in self for secret in _secrets(value))
        return self

    def refuse_of_the_demo(self, secrets: Iterable[str]) -> None:
        """Raises ValueError where one of these secrets is the demo's, and this is not the demo."""
        if self.environment != "demo" and any(DEMO_MARK in secret for secret in secrets):
            raise ValueError("a demo credential is set outside the demo: give this service secrets of its own")


def _secrets(value: object) -> Iterator[str]:
    """Those in a setting, which may be a list or a table of them."""
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case tuple():
            for one in value:
                yield from _secrets(one)
        case Mapping():
            yield from _secrets(tuple(value.values()))
