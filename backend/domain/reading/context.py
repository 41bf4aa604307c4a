"""What the words around a hit make of it: said of oneself now, denied, of someone else, long ago, or as an idiom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from backend.domain.reading.normalise import Word
from backend.domain.reading.phrases import Hit, PhraseBook
from backend.domain.reading.rules import texts

_REACH = 8


class Standing(StrEnum):
    """How a hit stands in its sentence. Everything but `SAID` lowers the urgency; nothing removes a crisis concern."""

    SAID = "said"
    DENIED = "denied"
    SOMEONE_ELSE = "someone else"
    LONG_AGO = "long ago"
    FIGURE_OF_SPEECH = "figure of speech"


@dataclass(frozen=True, slots=True)
class Context:
    """The cues of one language. A denial must reach the hit through `see_through` words alone: "not really feeling"."""

    denials: frozenset[str]
    see_through: frozenset[str]
    restores: frozenset[str]
    present: frozenset[str]
    myself: frozenset[str]
    others: PhraseBook
    past: PhraseBook
    idioms: PhraseBook

    def judge(self, sentence: "Sentence", hit: Hit, *, anyone: bool) -> Standing:
        if sentence.in_idiom(hit):
            return Standing.FIGURE_OF_SPEECH
        if self._restored(sentence, hit):
            return Standing.SAID
        if self._denied(sentence.words, hit):
            return Standing.DENIED
        if anyone and sentence.about_other[hit.start]:
            return Standing.SOMEONE_ELSE
        return Standing.LONG_AGO if sentence.past else Standing.SAID

    def _denied(self, words: Sequence[Word], hit: Hit) -> bool:
        clause = words[hit.start].clause
        for at in range(hit.start - 1, max(-1, hit.start - 1 - _REACH), -1):
            word = words[at]
            if word.clause != clause:
                return False
            if word.text in self.denials:
                return True
            if word.text not in self.see_through:
                return False
        return False

    def _restored(self, sentence: "Sentence", hit: Hit) -> bool:
        """A "but", "anymore", "until" or "still" after the hit takes back whatever softened it."""
        return sentence.last_restore >= hit.end


class Sentence:
    """One sentence with what its cues say, worked out once however many hits stand in it."""

    def __init__(self, context: Context, words: Sequence[Word], next_word: str) -> None:
        self.words = words
        self.plain = [word.text for word in words]
        self._context = context
        self._idiomatic = {at for hit in context.idioms.find(self.plain) for at in range(hit.start, hit.end)}
        self.last_restore = self._last_restore(context, next_word)

    @cached_property
    def past(self) -> bool:
        return self._context.present.isdisjoint(self.plain) and bool(self._context.past.ends(self.plain))

    def _last_restore(self, context: Context, next_word: str) -> int:
        if next_word in context.restores:
            return len(self.plain)
        if context.restores.isdisjoint(self.plain):
            return -1
        return max(at for at, word in enumerate(self.plain) if word in context.restores)

    def in_idiom(self, hit: Hit) -> bool:
        return bool(self._idiomatic) and not self._idiomatic.isdisjoint(range(hit.start, hit.end))

    @cached_property
    def about_other(self) -> list[bool]:
        """For each word, whether the nearest person named before it is not the writer."""
        others = {end - 1 for _, end in self._context.others.ends(self.plain)}
        about, other = [], False
        for at, word in enumerate(self.plain):
            about.append(other)
            other = at in others or (other and word not in self._context.myself)
        return about


def read_context(table: Mapping[str, object], slots: Mapping[str, Sequence[str]], faults: list[str]) -> Context:
    """The `[context]` table of a lexicon: lists of words, and `others`, `past` and `idioms`, which are phrases."""

    def words(key: str) -> frozenset[str]:
        return frozenset(texts(table, key, faults, "context"))

    def book(key: str) -> PhraseBook:
        return PhraseBook(((0, phrase) for phrase in texts(table, key, faults, "context")), slots)

    return Context(
        denials=words("denials"),
        see_through=words("see_through"),
        restores=words("restores"),
        present=words("present"),
        myself=words("myself"),
        others=book("others"),
        past=book("past"),
        idioms=book("idioms"),
    )
