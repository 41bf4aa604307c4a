"""TwiML documents, read strictly and safely: the verbs in them, or the Twilio error that they would raise."""

from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

MAX_BYTES = 64_000
MAX_BODY = 1600
_XML_TYPES = frozenset({"text/xml", "application/xml", "text/html"})


class BadTwiml(Exception):  # noqa: N818 - named for the document
    """Twilio would record `code` and do nothing more."""

    def __init__(self, code: int, detail: str) -> None:
        self.code = code
        super().__init__(detail)


@dataclass(frozen=True, kw_only=True)
class Verb:
    """One verb: its name, attributes, text, and verbs inside it."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    inside: tuple["Verb", ...] = ()


def read(document: str, content_type: str) -> list[Verb]:
    """Read the verbs of an answer to a webhook; a plain text is one Message, as at Twilio. Raises BadTwiml."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "text/plain":
        return [Verb(name="Message", text=document)] if document.strip() else []
    if kind not in _XML_TYPES:
        raise BadTwiml(12300, f"Invalid Content-Type: {kind or 'none'}")
    return list(_verb(_root(document)).inside)


def message_body(verb: Verb) -> str:
    """Return what a Message says, in its text or in its Body."""
    bodies = [inner.text for inner in verb.inside if inner.name == "Body"]
    return "".join(bodies) if bodies else verb.text.strip()


def _root(document: str) -> ET.Element:
    if len(document.encode()) > MAX_BYTES:
        raise BadTwiml(11750, "the document is larger than 64 kB")
    if "<!DOCTYPE" in document or "<!ENTITY" in document:
        raise BadTwiml(12100, "document type declarations and entities are refused")
    try:
        root = ET.fromstring(document.strip())  # noqa: S314 - declarations, the only way to an entity, are refused above
    except (ET.ParseError, ValueError) as error:
        raise BadTwiml(12100, f"the document is not XML: {error}") from error
    if root.tag != "Response":
        raise BadTwiml(12100, "the document's root is not Response")
    return root


def _verb(element: ET.Element) -> Verb:
    return Verb(
        name=element.tag,
        attributes=dict(element.attrib),
        text=element.text or "",
        inside=tuple(_verb(inner) for inner in element),
    )
