"""Signed webhooks out: Twilio's signature, timeouts, retries by the URL's fragment, and the fallback URL."""

from dataclasses import dataclass, replace
from time import monotonic
from urllib.parse import parse_qsl, urldefrag, urlsplit, urlunsplit
from uuid import uuid4

from requests import ReadTimeout, Session
from twilio.request_validator import RequestValidator

from backend.sandbox.account import WebhookPost

MAX_ANSWER = 70_000  # just above the size that TwiML may have, so that the reader can refuse it
_FAILED = 400


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How long to wait and what to try again; the defaults are Twilio's. Seconds."""

    retries: int = 1
    on: frozenset[str] = frozenset({"ct"})
    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0

    def allows(self, fault: str) -> bool:
        return "all" in self.on or fault in self.on


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back from a webhook; `fault` is "" for success, else ct, rt, 4xx or 5xx."""

    url: str
    status: int = 0
    content_type: str = ""
    body: str = ""
    fault: str = ""
    tries: int = 1

    @property
    def code(self) -> int:
        """Return the Twilio error that this answer is, 0 for none."""
        return {"": 0, "ct": 11205, "rt": 11200}.get(self.fault, 11217)


def policy_of(url: str) -> RetryPolicy:
    """Read `#rc=2&rp=all&ct=1500&rt=3500&tt=15000`; what is missing or nonsense keeps Twilio's default."""
    given = dict(parse_qsl(urldefrag(url).fragment))
    usual = RetryPolicy()
    return RetryPolicy(
        retries=int(_within(given.get("rc"), 0, 5, usual.retries)),
        on=frozenset(given.get("rp", "ct").split(",")),
        connect=_within(given.get("ct"), 100, 10_000, usual.connect * 1000) / 1000,
        read=_within(given.get("rt"), 100, 15_000, usual.read * 1000) / 1000,
        total=_within(given.get("tt"), 100, 15_000, usual.total * 1000) / 1000,
    )


def _within(text: str | None, least: float, most: float, usual: float) -> float:
    if text is None or not (text.isascii() and text.isdigit()):
        return usual
    return min(max(float(text), least), most)


class Webhooks:
    """Posts forms to the product, signed with the account's token over the URL without its fragment and password."""

    def __init__(self, auth_token: str, post: WebhookPost | None = None) -> None:
        self._signer = RequestValidator(auth_token)
        self._post = post

    def post(self, url: str, params: dict[str, str], *, fallback: str | None = None) -> list[Answer]:
        """Post with retries, then to the fallback with ErrorCode and ErrorUrl. The last answer is what counts."""
        token = str(uuid4())
        answers = [self._try(url, params, token)]
        if answers[0].fault and fallback:
            told = {**params, "ErrorCode": str(answers[0].code), "ErrorUrl": answers[0].url}
            answers.append(self._try(fallback, told, token))
        return answers

    def _try(self, url: str, params: dict[str, str], token: str) -> Answer:
        policy = policy_of(url)
        target = urldefrag(url).url
        headers = self._headers(target, params, token)
        started = monotonic()
        for attempt in range(1, policy.retries + 2):
            left = policy.total - (monotonic() - started)
            answer = replace(self._once(target, params, headers, policy=policy, left=left), tries=attempt)
            if not answer.fault or not policy.allows(answer.fault) or monotonic() - started >= policy.total:
                break
        return answer

    def _headers(self, url: str, params: dict[str, str], token: str) -> dict[str, str]:
        return {
            "X-Twilio-Signature": str(self._signer.compute_signature(without_password(url), params)),
            "I-Twilio-Idempotency-Token": token,
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
        }

    def _once(
        self, url: str, params: dict[str, str], headers: dict[str, str], *, policy: RetryPolicy, left: float
    ) -> Answer:
        post = self._post or _over_http(min(policy.connect, left), min(policy.read, left))
        try:
            status, content_type, body = post(url, params, headers)
        except (TimeoutError, ReadTimeout):
            return Answer(url=url, fault="rt")
        except OSError:
            return Answer(url=url, fault="ct")
        fault = f"{status // 100}xx" if status >= _FAILED else ""
        return Answer(url=url, status=status, content_type=content_type, body=body, fault=fault)


def without_password(url: str) -> str:
    """Drop `user:password@` and the fragment, keep the port: the URL as Twilio signs it for texts."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))


def _over_http(connect: float, read: float) -> WebhookPost:
    """Post over real HTTP, with no proxies and no credentials from the environment."""
    timeout = (max(connect, 0.1), max(read, 0.1))

    def post(url: str, params: dict[str, str], headers: dict[str, str]) -> tuple[int, str, str]:
        with Session() as session:
            session.trust_env = False
            with session.post(url, data=params, headers=headers, timeout=timeout, stream=True) as response:
                body = response.raw.read(MAX_ANSWER, decode_content=True)
                return response.status_code, response.headers.get("Content-Type", ""), body.decode("utf-8", "replace")

    return post
