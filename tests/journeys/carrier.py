"""The carrier's posts to the product, made by hand: signed as the carrier signs, or not."""

from uuid import uuid4

from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from config.settings import SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN
from tests.town import PUBLIC_URL, Town


def signature(path: str, parameters: dict[str, str], token: str = SANDBOX_AUTH_TOKEN) -> str:
    signed: str = RequestValidator(token).compute_signature(PUBLIC_URL + path, parameters)
    return signed


def inbound_parameters(**changed: str) -> dict[str, str]:
    """What the carrier posts for a text, unless something else is said."""
    sid = f"SM{uuid4().hex}"
    usual = {"MessageSid": sid, "SmsSid": sid, "AccountSid": SANDBOX_ACCOUNT_SID, "From": "+15555550120"}
    return usual | {"To": "+15555550100", "Body": "7", "NumMedia": "0", "NumSegments": "1", "FromCity": ""} | changed


def post(town: Town, path: str, parameters: dict[str, str], signed: str | None = None) -> TestResponse:
    """Post as the carrier would, without telling the sandbox; a right signature unless one is given."""
    given = signature(path, parameters) if signed is None else signed
    headers = {"X-Twilio-Signature": given} if given else {}
    return town.app.test_client().post(path, data=parameters, headers=headers)


def post_inbound(town: Town, **changed: str) -> TestResponse:
    return post(town, "/twilio/inbound", inbound_parameters(**changed))
