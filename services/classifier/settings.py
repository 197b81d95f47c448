"""What the classifier is told by its environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="HEARD_CLASSIFIER_")

    port: int = Field(8002, description="port that HTTP listens on")
    keys: dict[str, str] = Field({}, description="JSON: who may ask for assessments -> SHA-256 (hex) of their key")
