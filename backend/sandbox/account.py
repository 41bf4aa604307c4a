"""Who the sandbox's customer is: the account, the clinic's number, and where webhooks go."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ACCOUNT_SID = "AC" + "5a" * 16
AUTH_TOKEN = "5a" * 16
DEFAULT_NUMBER = "+15555550100"
CLOCK_FILE = "town-clock.json"
STATE_FILE = "sandbox.db"

WebhookPost = Callable[[str, dict[str, str], dict[str, str]], tuple[int, str, str]]
"""Posts a form: (URL without fragment, parameters, headers) → (status, content type, body). Raises OSError when nobody
answers: TimeoutError means that the answer did not come in time, any other that no connection was made."""


@dataclass(frozen=True, kw_only=True)
class SandboxSettings:
    """What a sandbox is made of.

    `background=False` is for tests: nothing happens between requests, and the carrier's `pump()` does all that is due.
    """

    account_sid: str = ACCOUNT_SID
    auth_token: str = AUTH_TOKEN
    state_path: str = ":memory:"
    clock_path: Path
    webhook_base: str = "http://127.0.0.1:8000"
    default_number: str = DEFAULT_NUMBER
    zone: str = "America/New_York"
    webhook_post: WebhookPost | None = None
    background: bool = False


def settings_from(environ: Mapping[str, str]) -> SandboxSettings:
    """Read the settings of the sandbox process from its environment."""
    room = Path(environ.get("VAR_DIR", "var"))
    room.mkdir(parents=True, exist_ok=True)
    product = f"http://127.0.0.1:{environ.get('PORT', '8000')}"
    return SandboxSettings(
        account_sid=environ.get("TWILIO_ACCOUNT_SID") or ACCOUNT_SID,
        auth_token=environ.get("TWILIO_AUTH_TOKEN") or AUTH_TOKEN,
        state_path=str(room / STATE_FILE),
        clock_path=room / CLOCK_FILE,
        webhook_base=(environ.get("PUBLIC_URL") or product).rstrip("/"),
        default_number=environ.get("SANDBOX_NUMBER") or DEFAULT_NUMBER,
        zone=environ.get("SANDBOX_ZONE") or "America/New_York",
        background=True,
    )
