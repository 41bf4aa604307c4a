"""What the words around a hit make of it: said of oneself now, denied, of someone else, long ago, or as an idiom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from backend.domain.reading.grammar import END, Spotted
from backend.domain.reading.normalise import PAUSE
from backend.domain.reading.terms import Spot, Terms

_REACH = 8  # words looked back over for a denial, or for who is meant
_EFFORT = 5  # words before a denial in which it may be struggled for: "it is so hard for me not to"

DENIAL, THROUGH, STRUGGLE, RESTORE, PRESENT, SELF, OTHER, PAST, IDIOM = (
    "DENIAL", "THROUGH", "STRUGGLE", "RESTORE", "PRESENT", "SELF", "OTHER", "PAST", "IDIOM",
)  # fmt: skip
CUES = (DENIAL, THROUGH, STRUGGLE, RESTORE, PRESENT, SELF, OTHER, PAST, IDIOM)


class Standing(StrEnum):
    """How a hit stands in its sentence. Everything but `SAID` lowers the urgency; nothing removes a crisis concern."""

    SAID = "said"
    DENIED = "denied"
    SOMEONE_ELSE = "someone else"
    LONG_AGO = "long ago"
    FIGURE_OF_SPEECH = "figure of speech"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a hit stands: `words[start:end]` of its sentence, with its marks."""

    start: int
    end: int


class Sentence:
    """One sentence with what its cues say, worked out once however many hits stand in it."""

    def __init__(self, spotted: Spotted, terms: Terms, opener: str) -> None:
        cues: dict[str, list[Spot]] = {name: [] for name in CUES}
        for at, word in enumerate(spotted.words):
            for name in terms.words.get(word, ()):
                if name in cues:
                    cues[name].append(Spot(name, at, at + 1))
        for run in spotted.runs:
            if run.name in cues:
                cues[run.name].append(run)
        self._words = spotted.words
        self._idioms = cues[IDIOM]
        self._at = {name: {at for _, start, end in spots for at in range(start, end)} for name, spots in cues.items()}
        self._ends = {name: {end - 1 for _, _, end in cues[name]} for name in (SELF, OTHER)}
        self._long_ago = bool(cues[PAST]) and not cues[PRESENT]
        restored = RESTORE in terms.words.get(opener, ())
        self._last_restore = len(self._words) if restored else max(self._at[RESTORE], default=-1)

    def judge(self, hit: Place, *, of_writer: bool) -> Standing:
        """`of_writer`: whether the rule means the writer, so that the same said of somebody else is another concern."""
        if self._in_idiom(hit):
            return Standing.FIGURE_OF_SPEECH
        if of_writer and self._of_other(hit):
            return Standing.SOMEONE_ELSE
        if self._last_restore >= hit.end:
            return Standing.SAID  # "but", "anymore" or "until" takes back what softened it
        if self._denied(hit):
            return Standing.DENIED
        return Standing.LONG_AGO if self._long_ago else Standing.SAID

    def _in_idiom(self, hit: Place) -> bool:
        """A figure of speech takes in what begins or ends with it; what has more words on both sides is no figure."""
        last = hit.end - (self._words[hit.end - 1] in (END, PAUSE))
        return any(
            start < last and end > hit.start and (start < hit.start or end >= last) for _, start, end in self._idioms
        )

    def _denied(self, hit: Place) -> bool:
        """A denial must reach the hit through words that change nothing ("not really feeling"), in its own clause;
        what is struggled for ("hard not to") is not denied.
        """
        for at in self._looking_back(hit):
            if at in self._at[DENIAL]:
                return self._at[STRUGGLE].isdisjoint(range(at - _EFFORT, at))
            if at not in self._at[THROUGH]:
                return False
        return False

    def _of_other(self, hit: Place) -> bool:
        """Whether the nearest person named before the hit, in its clause, is not the writer."""
        if not self._ends[SELF].isdisjoint(range(hit.start, hit.end)):
            return False
        for at in self._looking_back(hit):
            if at in self._ends[SELF] or at in self._at[RESTORE] or self._words[at] == PAUSE:
                return False
            if at in self._ends[OTHER]:
                return True
        return False

    @staticmethod
    def _looking_back(hit: Place) -> range:
        return range(hit.start - 1, max(-1, hit.start - 1 - _REACH), -1)


def read_cues(table: Mapping[str, object], faults: list[str]) -> dict[str, Sequence[str]]:
    """The `[context]` table of a lexicon: for each cue the words and phrases that give it."""
    cues: dict[str, Sequence[str]] = {}
    for name in CUES:
        found = table.get(name.lower(), [])
        if not isinstance(found, list) or not all(isinstance(entry, str) for entry in found):
            faults.append(f"context: {name.lower()} must be a list of texts")
            continue
        cues[name] = found
    if strange := table.keys() - {name.lower() for name in CUES}:
        faults.append(f"context: there is no cue {', '.join(sorted(strange))}")
    return cues
