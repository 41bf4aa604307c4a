"""A text to every fact in it that is not a concern: scores, keyword, opt-out, staff command, answers; no fact hides another."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from backend.domain.normalise import fold
from backend.domain.ratings import Reading, read_ratings
from backend.domain.scores import Measure

__all__ = ["Acknowledge", "Keyword", "Reading", "Reply", "read_reply"]


class Keyword(StrEnum):
    """What a carrier hears in a one-word text."""

    STOP = "stop"
    START = "start"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The staff command `ACK`, with the number of the case if one was given."""

    case: int | None


@dataclass(frozen=True, slots=True)
class Reply:
    """All facts read from one text."""

    scores: Mapping[Measure, Reading]
    keyword: Keyword | None
    keyword_word: str
    opts_out: bool
    acknowledges: Acknowledge | None
    safe: bool | None
    declines: bool
    courtesy: bool
    words: bool
    spanish: bool


_KEYWORDS = {
    **dict.fromkeys(
        ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "ALTO"), Keyword.STOP
    ),
    **dict.fromkeys(("START", "UNSTOP"), Keyword.START),
    **dict.fromkeys(("HELP", "INFO", "AYUDA"), Keyword.HELP),
}
_SPANISH_SIGNALS = frozenset(
    {"ayuda", "alto", "espanol", "animo", "dolor", "gracias", "no mas", "siete", "ocho", "nueve"}
)

# Folded, apostrophes gone, single spaces. "stop" by itself inside a sentence is not one: "it won't stop hurting".
_OPT_OUT_PHRASES = (
    "stop texting", "stop text", "stop messaging", "stop sending", "stop contacting", "stop these", "stop all texts",
    "stop all messages", "stop the texts", "stop the messages", "stop bothering me", "quit texting", "quit messaging",
    "dont text me", "do not text me", "dont message me", "dont contact me", "do not contact me", "no more texts",
    "no more messages", "no more text", "unsubscribe", "opt out", "opt me out", "optout", "opting out", "take me off",
    "remove me", "leave me alone", "stop please", "please stop", "stop all", "cancel texts", "cancel these", "cancel messages",
    "end these texts", "end the texts", "revoke my consent", "revoke consent", "lose my number", "delete my number",
    "no mas mensajes", "no mas textos", "no me escriban", "no me manden", "no me envien", "dejen de", "deje de mandar",
    "deje de escribir", "deje de enviar", "paren de", "parar mensajes", "cancelar mensajes", "no quiero mensajes",
    "no quiero mas mensajes", "no quiero recibir", "quitenme", "borren mi numero", "darme de baja", "denme de baja",
    "dar de baja", "cancelar suscripcion", "no me contacten", "no me molesten",
)  # fmt: skip
# A text made only of these, and found to be an opt-out, says nothing else.
_ABOUT_TEXTS = frozenset(
    "please stop stopall text texts texting message messages messaging sms sending send contacting contact me my these the this all any "
    "no more dont do not quit cancel end unsubscribe opt out optout opting from take off remove your list number i want to im would like "
    "now thanks thank you lose delete leave alone revoke consent us it them anymore kindly por favor no mas mensajes textos quiero "
    "recibir dejen de deje mandar mandarme escribir escribirme enviar enviarme paren parar cancelar alto gracias ya me escriban manden "
    "envien quitenme lista la su mi numero borren darme denme dar baja suscripcion contacten molesten bothering".split()
)
_COMPLAINT = frozenset({"pain", "hurting", "hurts", "the", "crying", "it", "this", "bleeding", "vomiting", "shaking"})
_STOP_FIRST = frozenset({"stop", "stopall", "unsubscribe", "quit", "alto", "parar", "baja", "cancel"})

_DECLINES = frozenset({
    "n", "no", "none", "nope", "nah", "nada", "ninguno", "ninguna", "ningun", "nothing", "no thanks", "no thank you",
    "no gracias", "none thanks", "none thank you", "no side effects", "no side effect", "no problems", "no issues",
    "no problem", "not at all", "nothing to report", "no efectos", "no nada", "no ninguno", "no none", "no nothing",
    "all good", "todo bien", "no efectos secundarios", "sin efectos", "no worries", "nothing at all", "none at all",
})  # fmt: skip
_SAFE = frozenset({
    "1", "one", "uno", "ok", "okay", "k", "yes", "y", "yep", "yeah", "si", "sip", "safe", "home safe", "im ok", "im okay",
    "im safe", "home", "im home", "yes safe", "yes home", "estoy bien", "bien", "todo bien", "all good", "good", "fine",
    "im fine", "yes im ok", "yes im home", "si estoy bien", "home and safe", "safe at home", "1 ok", "yes thanks", "1 thanks",
})  # fmt: skip
_UNSAFE = frozenset({
    "2", "two", "dos", "no", "n", "nope", "not ok", "not okay", "not safe", "unsafe", "im not ok", "im not okay", "im not safe",
    "no estoy bien", "no bien", "mal", "2 not ok", "2 no", "no 2",
})  # fmt: skip
_COURTESIES = frozenset({
    "thanks", "thank", "you", "thx", "ty", "tysm", "thankyou", "ok", "okay", "k", "kk", "great", "cool", "good", "gracias",
    "muchas", "muy", "amable", "vale", "perfect", "perfecto", "bueno", "de", "nada", "so", "much", "very", "got", "it", "will",
    "do", "youre", "welcome", "appreciate", "a", "lot", "ok", "sounds", "bien", "listo", "entendido", "understood",
    "thumbsup", "pray", "heart", "blush", "smile", "slightly_smiling_face", "ok_hand", "smiley", "grinning", "hearts",
    "relaxed", "two_hearts", "clap", "sunny", "hugging_face", "hugs", "folded_hands", "green_heart", "blue_heart",
})  # fmt: skip
_COURTEOUS = frozenset({
    "thanks", "thx", "ty", "tysm", "thankyou", "ok", "okay", "k", "kk", "great", "cool", "gracias", "vale", "perfect", "perfecto",
    "good", "bueno", "bien", "listo", "entendido", "understood", "thumbsup", "pray", "heart", "blush", "smile", "thank",
    "ok_hand", "welcome", "appreciate", "smiley", "grinning", "hearts", "slightly_smiling_face", "clap", "got", "will",
    "relaxed", "two_hearts", "sunny", "hugging_face", "hugs", "folded_hands", "green_heart", "blue_heart", "amable",
})  # fmt: skip
_LONGEST_COURTESY = 6

_ACKNOWLEDGES = re.compile(r"\s*ack(?:nowledged?)?\s*[#:]?\s*(?P<case>[0-9]{1,9})?\s*[.!]?\s*", re.IGNORECASE)
_BARE = re.compile(r"[a-z0-9_]+")


def read_reply(text: str, awaiting: Sequence[str] = ("mood", "pain")) -> Reply:
    """Every fact in a text, given what was last asked (`mood`, `pain`, `safety`, `side_effects`; `()` for nothing).

    Concerns are not looked for here: `Screen` reads every text first. Never raises on any text.
    """
    words = _BARE.findall(fold(text)[0].replace("'", ""))
    plain = " ".join(words)
    keyword = _keyword(plain, awaiting)
    acknowledges = _acknowledges(text)
    safe = _safe(plain) if "safety" in awaiting else None
    declines = "side_effects" in awaiting and plain in _DECLINES
    courtesy = _courtesy(text, words)
    ratings = read_ratings(
        text, () if "safety" in awaiting else [Measure(item) for item in awaiting if item in set(Measure)]
    )
    opts_out = keyword is None and _opts_out(f" {plain} ", words)
    understood = keyword is not None or acknowledges is not None or safe is not None or declines or courtesy
    understood = understood or (opts_out and _ABOUT_TEXTS.issuperset(words))
    return Reply(
        scores=MappingProxyType(dict(ratings.scores)),
        keyword=keyword,
        keyword_word=plain.upper() if keyword else "",
        opts_out=opts_out,
        acknowledges=acknowledges,
        safe=safe,
        declines=declines,
        courtesy=courtesy,
        words=ratings.words and not understood,
        spanish=not _SPANISH_SIGNALS.isdisjoint(words),
    )


def _keyword(plain: str, awaiting: Sequence[str]) -> Keyword | None:
    if plain == "yes" and not awaiting:
        return Keyword.START
    return _KEYWORDS.get(plain.upper())


def _acknowledges(text: str) -> Acknowledge | None:
    command = _ACKNOWLEDGES.fullmatch(text) if len(text) <= 40 else None  # noqa: PLR2004 - longer is no command
    if command is None:
        return None
    return Acknowledge(int(command["case"]) if command["case"] else None)


def _safe(plain: str) -> bool | None:
    if plain in _SAFE:
        return True
    return False if plain in _UNSAFE else None


def _courtesy(text: str, words: Sequence[str]) -> bool:
    """The whole text is politeness: nothing in it needs a person."""
    if not 0 < len(words) <= _LONGEST_COURTESY or "?" in text:
        return False
    return _COURTESIES.issuperset(words) and not _COURTEOUS.isdisjoint(words)


def _opts_out(plain: str, words: Sequence[str]) -> bool:
    """Any reasonable wording revokes consent (FCC): an opening "stop" with more after it, or a phrase that asks for it."""
    if any(f" {phrase} " in plain or f" {phrase}s " in plain for phrase in _OPT_OUT_PHRASES):
        return not _about_a_symptom(plain)
    return bool(words) and words[0] in _STOP_FIRST and (len(words) == 1 or words[1] not in _COMPLAINT)


def _about_a_symptom(plain: str) -> bool:
    """ "Please stop the pain" asks for help, not for silence."""
    return "please stop the pain" in plain or "please stop this pain" in plain or "please stop hurting" in plain
