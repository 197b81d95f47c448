"""What the classifier is told by its environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import KeyedSettings


class Settings(KeyedSettings):
    model_config = SettingsConfigDict(env_prefix="HEARD_CLASSIFIER_")

    port: int = Field(8002, description="port that HTTP listens on")
