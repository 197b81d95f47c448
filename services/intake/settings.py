"""What intake is told by its environment."""

from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from shared.settings import Database, KeyedSettings, Secret, Url
from shared.told import PUBLIC

MIGRATIONS: Final = Path(__file__).parent / "migrations"


class Settings(KeyedSettings):
    model_config = SettingsConfigDict(env_prefix="HEARD_INTAKE_")

    port: int = Field(8001, description="port that HTTP listens on")
    database: Database = Field(description="postgresql://user:password@host:port/database")
    connections: int = Field(16, ge=4, description="connections to the database, for each process")
    secret: Secret = Field(description="what reporters' secrets are derived from, and drafts and files sealed with")
    secrets_before: tuple[Secret, ...] = Field(
        (), description="JSON: every secret before it, newest first; what was sealed with one is opened with it"
    )
    household_keys: dict[str, Secret] = Field(
        {},
        description="JSON: key id -> key that households are known by, newest first; then those derived of `secret`",
    )
    classifier_url: Url | None = Field(None, description="where live assessments are asked for; without it, none are")
    classifier_key: SecretStr | None = Field(None, description="bearer key for it")
    line_dead_after: float = Field(
        60, gt=0, description="seconds without a word, or a sign that it is open, after which a call's line is dead"
    )
    languages: tuple[str, ...] = Field(
        ("en",), min_length=1, description="JSON: languages offered, the usual one first"
    )
    exit_to: str = Field("https://www.bbc.co.uk/weather", description="where `Exit this page` goes")
    directory: Path | None = Field(None, description="TOML of areas and agencies, to name them on `Who to tell`")
    at_once: int = Field(64, gt=1, description="reports taken at once, by each process; more are told to come back")
    unsent_files: int = Field(
        10_240,
        ge=0,
        description="MiB of files whose report is not sent yet; over it no more files are taken",
    )
    reports_a_minute: int = Field(
        10, gt=0, description="from one IPv4 address or IPv6 /64; more are marked low trust, and go on"
    )
    requests_a_minute: int = Field(300, gt=0, description="with one partner's key; more reports are marked, and go on")
    republish_after: float = Field(60, gt=0, description="seconds without a receipt before a report is published again")
    republish_batch: int = Field(100, gt=0, description="how many are published again at once, at most each second")

    @field_validator("keys")
    @classmethod
    def _nobody_is_the_public(cls, keys: dict[str, str]) -> dict[str, str]:
        if PUBLIC in keys:
            raise ValueError(f"{PUBLIC} is the source of what nobody answers for: call this key otherwise")
        return keys

    @field_validator("classifier_key")
    @classmethod
    def _goes_with_its_url(cls, key: SecretStr | None, about: ValidationInfo) -> SecretStr | None:
        if bool(key) != bool(about.data.get("classifier_url")):
            raise ValueError("CLASSIFIER_URL and CLASSIFIER_KEY go together: set both, or neither")
        return key

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret and all before it, newest first: it seals and signs, and each of them opens."""
        return tuple(secret.get_secret_value() for secret in (self.secret, *self.secrets_before))
