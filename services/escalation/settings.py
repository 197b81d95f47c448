"""What escalation is told by its environment."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from shared.settings import Address, Database, Secret, ServiceSettings, Url

MIGRATIONS: Final = Path(__file__).parent / "migrations"


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="HEARD_ESCALATION_")

    port: int = Field(8003, description="port that HTTP listens on")
    database: Database = Field(description="postgresql://user:password@host:port/database")
    guest_database: Database = Field(description="the same database, as the role that agencies' requests run under")
    connections: int = Field(16, ge=4, description="connections to the database, for each process")
    token_key: Secret = Field(description="what access tokens are signed with")
    token_key_beside: Secret | None = Field(None, description="another key that they may have been signed with")
    postcodes: str | None = Field(None, description="URL of a postcode service with the interface of postcodes.io")
    webhook_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="JSON list of private networks that webhooks may reach, and without TLS"
    )
    audit_key: Secret = Field(description="what the audit chain is sealed with; never changed")
    openid_issuer: str | None = Field(None, description="the OpenID provider that people sign in with")
    openid_client_id: str = Field("", description="what the provider knows us as")
    openid_client_secret: SecretStr = Field(SecretStr(""), description="what we show the provider")
    openid_role_claim: str = Field("heard_role", description="the claim, or list of groups, that names one role")
    openid_force_claim: str = Field("heard_force", description="the claim that names the police force, or the agency")
    public_url: Url = Field("http://127.0.0.1:8003", description="where browsers find these pages")
    demo_login: bool = Field(False, description="names and passwords of the demo; refused outside it")
    unread_after: float = Field(5, gt=0, description="seconds before an urgent report not yet read is put on the queue")
    requests_a_minute: int = Field(600, gt=0, description="how often one agency's client may ask, of one process")

    @property
    def token_keys(self) -> tuple[str, ...]:
        """What tokens may have been signed with: the key that signs first."""
        kept = [self.token_key, *([self.token_key_beside] if self.token_key_beside else [])]
        return tuple(key.get_secret_value() for key in kept)

    @field_validator("guest_database")
    @classmethod
    def _is_another_role(cls, guest: Address, about: ValidationInfo) -> Address:
        """Row-level security is for whoever does not own the tables."""
        if "database" in about.data and _role(guest) == _role(about.data["database"]):
            raise ValueError("is the role of DATABASE: agencies' requests run under one that owns nothing")
        return guest

    @field_validator("openid_client_id")
    @classmethod
    def _goes_with_its_issuer(cls, client_id: str, about: ValidationInfo) -> str:
        if bool(client_id) != bool(about.data.get("openid_issuer")):
            raise ValueError("OPENID_ISSUER and OPENID_CLIENT_ID go together: set both, or neither")
        return client_id

    @field_validator("demo_login")
    @classmethod
    def _stays_in_the_demo(cls, demo_login: bool, about: ValidationInfo) -> bool:
        if demo_login and about.data.get("environment") != "demo":
            raise ValueError("the demo login is switched on outside the demo: set an OpenID provider instead")
        return demo_login


def _role(database: Address) -> str | None:
    return urlsplit(database.get_secret_value()).username
