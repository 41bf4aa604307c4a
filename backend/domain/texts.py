"""The fixed texts: their words, their size on the air, and what makes one fit to send."""

import string
from collections.abc import Mapping
from dataclasses import dataclass

import gsm0338

from backend.domain.phone import for_reading
from backend.domain.scores import Nrs

SEPTETS_ALONE = 160
SEPTETS_A_PART = 153
MOST_SEPTETS = 2 * SEPTETS_A_PART
UTF16_ALONE = 70
UTF16_A_PART = 67

CRISIS_TEXTS = ("crisis", "crisis_repeat")
"""Whoever gets one of these may be in danger of dying."""
CONFIRM_TEXTS = ("confirm_mood", "confirm_pain", "confirm_sleep")
"""These offer the number that was read, and so have a field for it."""
TEXTS_WITH_A_NUMBER = (*CRISIS_TEXTS, "medical", "urgent", "soft", "neutral", "unknown_sender")

REQUIRED = frozenset(
    {
        *TEXTS_WITH_A_NUMBER, "help", "stop", "start", "welcome", "prompt_mood", "prompt_pain", "prompt_safety",
        "reminder", "ask_mood", "ask_pain", "ask_sleep", "ask_side_effects", "ask_bladder", "ask_energy",
        *CONFIRM_TEXTS, "thanks", "thanks_read",
    }
)  # fmt: skip
REQUIRED_STAFF = frozenset(
    {
        "page", "page_undelivered", "page_no_outcome", "page_nobody", "ack_taken", "ack_late", "ack_closed",
        "ack_unknown", "ack_which", "ack_none", "staff_help",
    }
)  # fmt: skip

_CODEC = gsm0338.Codec()


def septets(text: str) -> int | None:
    """How many GSM-7 septets the text takes; None when a character is outside GSM-7."""
    try:
        return len(_CODEC.encode(text)[0])
    except UnicodeError:
        return None


def segments(text: str) -> int:
    """How many SMS parts the text takes (GSM-7 160 alone or 153 a part, otherwise UTF-16 70 or 67)."""
    size = septets(text)
    alone, part = (SEPTETS_ALONE, SEPTETS_A_PART) if size is not None else (UTF16_ALONE, UTF16_A_PART)
    units = size if size is not None else len(text.encode("utf-16-be", "surrogatepass")) // 2
    return 1 if units <= alone else -(-units // part)


@dataclass(frozen=True, slots=True)
class Texts:
    """The fixed texts of every language, by name; immutable once loaded."""

    by_language: Mapping[str, Mapping[str, str]]
    staff: Mapping[str, str]

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.by_language)

    def render(self, name: str, language: str, *, clinic: str, phone: str, score: Nrs | None = None) -> str:
        """The words of one text; those of `CONFIRM_TEXTS` need the score that they offer. An unknown language falls
        back to English: a person is better answered than not.
        """
        chosen = self.by_language.get(language) or self.by_language["en"]
        offered = {} if score is None else {"score": score}
        return chosen[name].format(clinic=clinic, phone=for_reading(phone), **offered)

    def for_staff(self, name: str, *, priority: str = "", case: int | None = None) -> str:
        """A text to staff: a priority and a case number, nothing about the patient (S12)."""
        return self.staff[name].format(priority=priority.upper(), case=case)


def faults_of(texts: Texts, *, clinic: str, phone: str, emergency: str, crisis_line: str) -> list[str]:
    """Everything that makes these texts unfit for this clinic; empty when all may be sent (S5)."""
    faults: list[str] = []
    for language, named in texts.by_language.items():
        faults += [f"texts/{language}: `{name}` is missing" for name in sorted(REQUIRED - set(named))]
        for name, template in named.items():
            faults += [
                f"texts/{language}: `{name}` {fault}"
                for fault in _template_faults(name, template, clinic, phone, (emergency, crisis_line))
            ]
    faults += [f"texts/en: staff text `{name}` is missing" for name in sorted(REQUIRED_STAFF - set(texts.staff))]
    return faults


def _template_faults(name: str, template: str, clinic: str, phone: str, numbers: tuple[str, str]) -> list[str]:
    """The faults of every rendering there can be: of a text that offers a score, all eleven."""
    fields = {field for _, field, _, _ in string.Formatter().parse(template) if field is not None}
    offers = name in CONFIRM_TEXTS
    if not fields <= {"clinic", "phone", *(["score"] * offers)}:
        return [f"has a field other than {{clinic}}, {{phone}}{' and {score}' if offers else ''}"]
    if offers and "score" not in fields:
        return ["does not offer the number that was read: it lacks {score}"]
    filled = {"clinic": clinic, "phone": for_reading(phone)}
    renderings = [template.format(**filled, score=score) for score in (range(11) if offers else (None,))]
    return list(dict.fromkeys(fault for rendered in renderings for fault in _faults_of_words(name, rendered, numbers)))


def _faults_of_words(name: str, rendered: str, numbers: tuple[str, str]) -> list[str]:
    size = septets(rendered)
    if size is None:
        return ["has a character outside GSM-7"]
    faults = []
    if size > MOST_SEPTETS:
        faults.append(f"takes {size} septets with this clinic's name, more than {MOST_SEPTETS}: shorten the name")
    # The two parts of a long text can arrive apart, so whoever gets only the first must find both numbers in it.
    first_part = rendered[:SEPTETS_A_PART] if size > SEPTETS_ALONE else rendered
    if name in CRISIS_TEXTS:
        faults += [f"lacks {number} in its first part" for number in numbers if number not in first_part]
    elif name in TEXTS_WITH_A_NUMBER and numbers[0] not in rendered:
        faults.append(f"lacks the emergency number {numbers[0]}")
    return faults
