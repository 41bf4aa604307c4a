"""The fixed texts: their words, their size on the air, and what makes one fit to send."""

import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import gsm0338

from backend.domain.discretion import disclosures
from backend.domain.phone import for_reading
from backend.domain.protocol import CrisisPack
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
WRITTEN_FOR = "US"
"""The country whose numbers stand in the texts themselves; the packs of all others bring their own."""

REQUIRED = frozenset(
    {
        *TEXTS_WITH_A_NUMBER, "help", "stop", "start", "welcome", "prompt_mood", "prompt_pain", "prompt_safety",
        "reminder", "ask_mood", "ask_pain", "ask_sleep", "ask_side_effects", "ask_bladder", "ask_energy",
        *CONFIRM_TEXTS, "confirm_number", "thanks_read", "thanks",
    }
)  # fmt: skip
REQUIRED_STAFF = frozenset(
    {
        "page", "page_undelivered", "page_phone", "page_text", "page_no_outcome", "page_nobody", "page_test",
        "ack_taken", "ack_late", "ack_closed", "ack_unknown", "ack_which", "ack_none", "staff_help",
    }
)  # fmt: skip

_CODEC = gsm0338.Codec()
_A_NUMBER_TO_CALL = re.compile(r"\d{3,}")


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


def first_part(text: str) -> str:
    """What the first SMS part of a GSM-7 text holds. The parts can arrive apart: whoever gets only this one must find
    whom to call in it.
    """
    if (septets(text) or 0) <= SEPTETS_ALONE:
        return text
    left = SEPTETS_A_PART
    for position, character in enumerate(text):
        left -= septets(character) or 1
        if left < 0:
            return text[:position]
    return text


@dataclass(frozen=True, slots=True)
class Texts:
    """The fixed texts of every language, by name, and whole once more for every country; immutable once loaded."""

    by_language: Mapping[str, Mapping[str, str]]
    staff: Mapping[str, str]
    by_country: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.by_language)

    def templates(self, country: str, language: str) -> Mapping[str, str]:
        """The texts as somebody gets them there. An unknown language falls back to English: a person is better
        answered than not.
        """
        spoken = self.by_country.get(country) or self.by_language
        return spoken.get(language) or spoken["en"]

    def render(
        self, name: str, language: str, *, country: str, clinic: str, phone: str, score: Nrs | None = None
    ) -> str:
        """The words of one text, with the crisis numbers of the country where its reader is; those of `CONFIRM_TEXTS`
        need the score that they offer.
        """
        offered = {} if score is None else {"score": score}
        template = self.templates(country, language)[name]
        return template.format(clinic=clinic, phone=for_reading(phone), **offered)

    def for_staff(self, name: str, *, priority: str = "", case: int | None = None) -> str:
        """A text to staff: a priority and a case number, nothing about the patient (S12)."""
        return self.staff[name].format(priority=priority.upper(), case=case)


def texts_of(
    by_language: Mapping[str, Mapping[str, str]], staff: Mapping[str, str], packs: Iterable[CrisisPack]
) -> Texts:
    """The texts, whole for every country: what a country's pack says itself takes the place of ours."""
    by_country = {
        pack.country: {
            language: {**by_language[language], **pack.texts.get(language, {})}
            for language in pack.languages
            if language in by_language
        }
        for pack in packs
    }
    return Texts(by_language=by_language, staff=staff, by_country=by_country)


# What makes them unfit -----------------------------------------------------------------------------------------------


def faults_of(texts: Texts, pack: CrisisPack, *, clinic: str, phone: str) -> list[str]:
    """Everything that makes these texts unfit for this clinic's patients in the pack's country; empty when all may be
    sent (S5).
    """
    faults = name_faults(clinic)
    for language, named in texts.by_country[pack.country].items():
        file = f"texts/{language}" if pack.country == WRITTEN_FOR else f"crisis/{pack.country.lower()} texts.{language}"
        for name, template in named.items():
            faults += [f"{file}: `{name}` {fault}" for fault in _template_faults(name, template, clinic, phone, pack)]
    return faults


def name_faults(clinic: str) -> list[str]:
    """Why a clinic cannot be called so in its texts: others read them on the lock screen."""
    said = disclosures(clinic)
    if not said:
        return []
    return [f"the name says {', '.join(f'`{word}`' for word in said)}: give the clinic a neutral name for its texts"]


def faults_of_files(texts: Texts, packs: Mapping[str, CrisisPack]) -> list[str]:
    """What is wrong with the texts and the packs whatever the clinic is called; empty when nothing is."""
    faults = [f"texts/en: staff text `{name}` is missing" for name in sorted(REQUIRED_STAFF - set(texts.staff))]
    if WRITTEN_FOR not in packs:
        return [*faults, f"crisis/{WRITTEN_FOR.lower()}.toml: missing; the texts carry its numbers"]
    for language, named in texts.by_language.items():
        faults += [f"texts/{language}: `{name}` is missing" for name in sorted(REQUIRED - set(named))]
        faults += [f"texts/{language}: `{name}` {fault}" for name, fault in _told(named)]
    for pack in packs.values():
        file = f"crisis/{pack.country.lower()}.toml"
        faults += [f"{file}: {fault}" for fault in _pack_faults(texts, pack, packs)]
    return faults


def _told(named: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, template in named.items():
        said = disclosures(template, in_crisis=name in CRISIS_TEXTS)
        if said:
            yield name, f"says {', '.join(f'`{word}`' for word in said)}, which a lock screen must not show"


def _pack_faults(texts: Texts, pack: CrisisPack, packs: Mapping[str, CrisisPack]) -> Iterator[str]:
    ours = packs[WRITTEN_FOR]
    foreign = {number for other in packs.values() for number in other.numbers} - set(pack.numbers)
    for language in sorted({*pack.languages, *pack.texts} - set(texts.by_language)):
        yield f"there are no texts in `{language}`: add texts/{language}.toml first"
    for language, named in texts.by_country.get(pack.country, {}).items():
        base, own = texts.by_language[language], pack.texts.get(language, {})
        yield from (f"[texts.{language}] `{name}` is no text of ours" for name in sorted(set(own) - set(base)))
        yield from (f"[texts.{language}] `{name}` {fault}" for name, fault in _told(own))
        for name, template in named.items():
            if pack.country != WRITTEN_FOR and name not in own and _carried(base.get(name, ""), ours.numbers):
                yield f"[texts.{language}] lacks `{name}`, which carries numbers of {WRITTEN_FOR}"
            else:
                yield from (
                    f"[texts.{language}] `{name}` {fault}"
                    for fault in _number_faults(template, base.get(name, ""), pack, ours, foreign)
                )


def _number_faults(template: str, base: str, pack: CrisisPack, ours: CrisisPack, foreign: set[str]) -> Iterator[str]:
    """A country's text names whom ours names, by that country's numbers, and nobody else."""
    for number, its_own in ((ours.emergency, pack.emergency), (ours.crisis_line, pack.crisis_line)):
        if _carried(base, (number,)) and not _carried(template, (its_own,)):
            yield f"lacks {its_own}"
    for number in sorted(_carried(template, foreign)):
        yield f"carries {number}, which is another country's"
    rest = template
    for number in sorted((*pack.numbers, *foreign), key=len, reverse=True):
        rest = _as_a_number(number).sub("", rest)
    for number in sorted(set(_A_NUMBER_TO_CALL.findall(rest))):
        yield f"carries {number}, which is no number of {pack.country}"


def _carried(template: str, numbers: Iterable[str]) -> set[str]:
    return {number for number in numbers if _as_a_number(number).search(template)}


def _as_a_number(number: str) -> re.Pattern[str]:
    """These digits as a number of their own, not within a longer run of digits."""
    return re.compile(rf"(?<!\d){re.escape(number)}(?!\d)")


def _template_faults(name: str, template: str, clinic: str, phone: str, pack: CrisisPack) -> list[str]:
    """The faults of every rendering there can be: of a text that offers a score, all eleven."""
    fields = {field for _, field, _, _ in string.Formatter().parse(template) if field is not None}
    offers = name in CONFIRM_TEXTS
    if not fields <= {"clinic", "phone", *(["score"] * offers)}:
        return [f"has a field other than {{clinic}}, {{phone}}{' and {score}' if offers else ''}"]
    if offers and "score" not in fields:
        return ["does not offer the number that was read: it lacks {score}"]
    filled = {"clinic": clinic, "phone": for_reading(phone)}
    renderings = [template.format(**filled, score=score) for score in (range(11) if offers else (None,))]
    return list(dict.fromkeys(fault for rendered in renderings for fault in _faults_of_words(name, rendered, pack)))


def _faults_of_words(name: str, rendered: str, pack: CrisisPack) -> list[str]:
    size = septets(rendered)
    if size is None:
        return ["has a character outside GSM-7"]
    faults = []
    if size > MOST_SEPTETS:
        faults.append(f"takes {size} septets with this clinic's name, more than {MOST_SEPTETS}: shorten the name")
    if name in CRISIS_TEXTS:
        needed, within = (pack.emergency, pack.crisis_line), first_part(rendered)
        faults += [f"lacks {number} in its first part" for number in needed if number not in within]
    elif name in TEXTS_WITH_A_NUMBER and pack.emergency not in rendered:
        faults.append(f"lacks the emergency number {pack.emergency}")
    return faults
