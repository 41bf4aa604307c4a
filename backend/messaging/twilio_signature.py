"""Whether a request really comes from the carrier."""

from collections.abc import Mapping, Sequence

from twilio.request_validator import RequestValidator


class SignatureCheck:
    """Checks `X-Twilio-Signature` against the configured public address, never against what the request claims."""

    def __init__(self, *, public_url: str, tokens: Sequence[str]) -> None:
        """`tokens`: the auth token, and the old one while rotating."""
        self._public_url = public_url.rstrip("/")
        self._validators = [RequestValidator(token) for token in tokens if token]

    def __call__(self, raw_target: str, parameters: Mapping[str, object], signature: str) -> bool:
        """`raw_target` is the path and query exactly as requested; `parameters` every posted one."""
        url = self._public_url + raw_target
        return bool(signature) and any(v.validate(url, parameters, signature) for v in self._validators)
