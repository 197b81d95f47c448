"""What every service is told by its environment. Each service has one frozen settings class on top of this."""

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.kafka import client_options

DEMO_MARK = "demo-"


class ServiceSettings(BaseSettings):
    """Settings that all services share; a secret that begins with `demo-` refuses to start outside the demo."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

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
        secrets = [value.get_secret_value() for _, value in self if isinstance(value, SecretStr)]
        if self.environment != "demo" and any(DEMO_MARK in secret for secret in secrets):
            raise ValueError("a demo credential is set outside the demo: give this service secrets of its own")
        return self
