"""New resource ids: two letters and 32 lower hexadecimal digits, as Twilio's."""

from uuid import uuid4


def new_sid(kind: str) -> str:
    """Return for example SM… for a text, MM… for one with media, CA… for a call."""
    return kind + uuid4().hex
