"""What the carrier posts: texts that came in, and how texts that went out fared."""

from xml.sax.saxutils import escape, quoteattr

from flask import Blueprint, Response, abort, request

from backend.services.cases.losses import on_failure
from backend.services.texting import inbox, outbox
from backend.store.texts import parse_reference
from backend.web.current import house

webhooks = Blueprint("twilio", __name__, url_prefix="/twilio")
TWIML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


@webhooks.before_request
def only_the_carrier() -> None:
    """403 for whatever the carrier did not sign, before anything of it is read or kept."""
    signature = request.headers.get("X-Twilio-Signature", "")
    if not house().signature(raw_target(), request.form, signature):
        abort(403)


def raw_target() -> str:
    """Path and query exactly as they were requested: the signature covers those very characters."""
    for name in ("RAW_URI", "REQUEST_URI"):
        target: str = request.environ.get(name, "")
        if target.startswith("/"):
            return target
    query = request.query_string.decode("latin-1")
    return f"{request.path}?{query}" if query else request.path


@webhooks.post("/inbound")
def inbound() -> Response:
    """Keep, understand, answer. An error before the text is kept goes out as 5xx: the carrier tries again (S1)."""
    ours = house()
    kept = inbox.receive(request.form.to_dict(), ours)
    return twiml(inbox.understand(kept, ours, by="twiml"))


@webhooks.post("/status/<reference>")
def status(reference: str) -> tuple[str, int]:
    key = parse_reference(reference)
    code = request.form.get("ErrorCode", "")
    if key is not None:
        outbox.record_report(
            key,
            request.form.get("MessageSid", "")[:64],
            request.form.get("MessageStatus", "")[:24],
            int(code) if code.isascii() and code.isdigit() else None,
            house(),
            on_failure,
        )
    return "", 204


def twiml(reply: outbox.Answer | None) -> Response:
    """The answer as TwiML; always XML, since plain text would be sent to the patient as it is."""
    message = ""
    if reply is not None:
        callback = quoteattr(house().status_url(reply.reference))
        message = f"<Message statusCallback={callback}>{escape(reply.body)}</Message>"
    return Response(f"{TWIML_HEAD}<Response>{message}</Response>", content_type="text/xml; charset=utf-8")
