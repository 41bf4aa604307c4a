"""What no text to a patient and no clinic's name may say: a telephone's lock screen is read by others."""

import re
import unicodedata
from collections.abc import Iterable

_MEDICINES = (r"(?:es|ar)?[kc]etamin\w*", r"ketalar", r"spravato", r"special k")
_EVERYWHERE = (
    *_MEDICINES,
    # How medicines are given
    r"infus\w*", r"inyec\w*", r"injection\w*",
    r"psychedelic\w*", r"psicodelic\w*", r"dos(?:e|es|ed|ing|age|ages|is)", r"opioid\w*", r"opioide\w*",
    # What somebody may have
    r"depress\w*", r"depres\w*", r"bipolar\w*", r"ptsd", r"tept", r"anxiety", r"ansiedad", r"schizo\w*", r"esquizo\w*",
    r"mani[ac]\w*", r"ocd", r"crps", r"fibromyalg\w*", r"fibromialg\w*", r"addict\w*", r"adiccion\w*", r"alcohol\w*",
    # What kind of clinic that is
    r"psychiatr\w*", r"psiquiatr\w*", r"psycho\w*", r"psicolog\w*", r"psicoter\w*", r"mental(?:es)?", r"rehab\w*",
    r"detox\w*",
)  # fmt: skip
_OUTSIDE_CRISIS_TEXTS = (r"suicid\w*",)


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})\b")


_MEDICINE = _any_of(_MEDICINES)
_IN_CRISIS, _ALWAYS = _any_of(_EVERYWHERE), _any_of((*_EVERYWHERE, *_OUTSIDE_CRISIS_TEXTS))


def disclosures(words: str, *, in_crisis: bool = False) -> list[str]:
    """What in these words gives away a medicine, a diagnosis or the kind of clinic; a crisis text may name suicide."""
    return list(dict.fromkeys((_IN_CRISIS if in_crisis else _ALWAYS).findall(_plain(words))))


def medicines_named(words: str) -> list[str]:
    """The clinic's medicines that these words name. Not even staff write them to a patient's phone."""
    return list(dict.fromkeys(_MEDICINE.findall(_plain(words))))


def _plain(words: str) -> str:
    """Lower case, without accents: `depresión` is looked for as `depresion`."""
    apart = unicodedata.normalize("NFKD", words).casefold()
    return "".join(character for character in apart if not unicodedata.combining(character))
