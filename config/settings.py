"""The environment, read once into frozen settings; every fault is named at once."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from backend.domain.phone import PhoneError, parse_phone

SANDBOX_ACCOUNT_SID = "AC" + "5a" * 16
SANDBOX_AUTH_TOKEN = "5a" * 16  # the sandbox carrier's own, which listens on this machine only
TWILIO_API_URL = "https://api.twilio.com"


class SettingsError(Exception):
    """The program must not start; `faults` says everything that is wrong, one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def _operator(value: str) -> str:
    try:
        return parse_phone(value)
    except PhoneError as error:
        raise ValueError(str(error)) from error


class Settings(BaseModel):
    """Everything a deployment decides. Secrets are left out of the representation."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, extra="ignore")

    carrier: Literal["sandbox", "twilio"] = "sandbox"
    database_url: str = ""
    var_dir: Path = Path("var")
    port: int = Field(default=8000, ge=1, le=65535)
    sandbox_port: int = Field(default=8001, ge=1, le=65535)
    public_url: str = ""
    twilio_account_sid: str = ""
    twilio_auth_token: str = Field(default="", repr=False)
    twilio_auth_token_old: str = Field(default="", repr=False)
    twilio_api_url: str = ""
    secret_key: str = Field(default="", repr=False)
    field_keys: Annotated[
        tuple[str, ...],
        BeforeValidator(lambda v: [k.strip() for k in v.split(",") if k.strip()] if isinstance(v, str) else v),
    ] = Field(default=(), repr=False)
    operator_contact: Annotated[str, BeforeValidator(_operator)] | None = None
    heartbeat_url: str | None = None
    metrics_token: str | None = Field(default=None, repr=False)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    web_concurrency: int = Field(default=2, ge=1, le=64)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        faults = [*_field_key_faults(self.field_keys), *_carrier_faults(self)]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    @property
    def is_sandbox(self) -> bool:
        return self.carrier == "sandbox"

    @property
    def town_clock_path(self) -> Path:
        """Where the sandbox's movable clock keeps its offset."""
        return self.var_dir / "town-clock.json"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Raises `SettingsError` with every fault."""
    given, faults = _given(os.environ if environment is None else environment)
    if given.get("carrier", "sandbox") == "sandbox":
        given = _sandbox_defaults(given)
    given.setdefault("twilio_api_url", TWILIO_API_URL)
    given.setdefault("database_url", f"sqlite:///{Path(given.get('var_dir', 'var')).resolve()}/aftercare.db")
    given["database_url"] = _absolute(given["database_url"])
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        raise SettingsError([*faults, *_in_words(error)]) from None
    if faults:
        raise SettingsError(faults)
    return settings


def _given(environment: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """What the environment sets, `<NAME>_FILE` read for `<NAME>`; an empty variable counts as not set."""
    given: dict[str, str] = {}
    faults = []
    for field in Settings.model_fields:
        name = field.upper()
        if path := environment.get(f"{name}_FILE"):
            try:
                given[field] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                faults.append(f"{name}_FILE: cannot be read ({error.strerror})")
        if value := environment.get(name):
            given[field] = value
    return given, faults


def _sandbox_defaults(given: dict[str, str]) -> dict[str, str]:
    defaults = {
        "public_url": f"http://127.0.0.1:{given.get('port', '8000')}",
        "twilio_account_sid": SANDBOX_ACCOUNT_SID,
        "twilio_auth_token": SANDBOX_AUTH_TOKEN,
        "twilio_api_url": f"http://127.0.0.1:{given.get('sandbox_port', '8001')}",
    }
    if not (given.get("secret_key") and given.get("field_keys")):
        defaults |= _kept_secrets(Path(given.get("var_dir", "var")))
    return defaults | given


def _kept_secrets(folder: Path) -> dict[str, str]:
    """The sandbox's own secrets, made once. The first process to make them wins; nobody overwrites them."""
    path = folder / "secrets.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = folder / f".secrets-{os.getpid()}"
        made.touch(mode=0o600)
        made.write_text(
            json.dumps({"secret_key": secrets.token_urlsafe(32), "field_keys": Fernet.generate_key().decode()})
        )
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def _absolute(url: str) -> str:
    """A relative SQLite path counts from the folder the program starts in."""
    prefix = "sqlite:///"
    path = url.removeprefix(prefix)
    return f"{prefix}{Path(path).resolve()}" if url.startswith(prefix) and not path.startswith((":", "/")) else url


def _field_key_faults(keys: tuple[str, ...]) -> list[str]:
    if not keys:
        return ["FIELD_KEYS: set at least one key: `aftercare keys new` prints one"]
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        return ["FIELD_KEYS: every key must be 32 url-safe base64 bytes: `aftercare keys new` prints one"]
    return []


def _carrier_faults(settings: Settings) -> list[str]:
    needed = {
        "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": settings.twilio_auth_token,
        "SECRET_KEY": settings.secret_key,
        "PUBLIC_URL": settings.public_url,
    }
    faults = [f"{name}: must be set when CARRIER={settings.carrier}" for name, value in needed.items() if not value]
    if settings.public_url and not _is_url(settings.public_url, secure=not settings.is_sandbox):
        form = "http(s)://host" if settings.is_sandbox else "https://host"
        faults.append(f"PUBLIC_URL: write it as {form}, without a path, query or trailing slash")
    if not settings.database_url.startswith(("sqlite://", "postgres://", "postgresql://", "postgresql+psycopg://")):
        faults.append("DATABASE_URL: write sqlite:///path or postgresql+psycopg://user@host/name")
    if settings.secret_key and len(settings.secret_key) < 32:  # noqa: PLR2004 - 256 bits of text
        faults.append("SECRET_KEY: use at least 32 characters")
    return faults


def _is_url(url: str, *, secure: bool) -> bool:
    parts = urlsplit(url)
    schemes = ("https",) if secure else ("http", "https")
    return parts.scheme in schemes and bool(parts.hostname) and not (parts.path or parts.query or parts.fragment)


def _in_words(error: ValidationError) -> list[str]:
    """Pydantic's findings as lines that name the setting and never repeat its value."""
    faults: list[str] = []
    for found in error.errors(include_input=False, include_url=False):
        message = found["msg"].removeprefix("Value error, ")
        name = ".".join(str(part) for part in found["loc"][:1]).upper()
        faults += [f"{name}: {message}"] if name else message.split("\n")
    return faults
