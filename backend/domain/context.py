"""Who and when the words around a hit say it is about: oneself now, or not so, someone else, long ago, a manner of speaking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from backend.domain.normalise import Word
from backend.domain.phrases import Hit, PhraseBook
from backend.domain.rules import texts

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
    """The cues of one language. A denial must reach the hit through `see_through` words alone ("not really feeling …")."""

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
        if anyone and self._someone_else(sentence, hit):
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

    def _someone_else(self, sentence: "Sentence", hit: Hit) -> bool:
        """The nearest person named before the hit is not the writer."""
        for at in range(hit.start - 1, -1, -1):
            if at in sentence.others_at:
                return True
            if sentence.words[at].text in self.myself:
                return False
        return False


class Sentence:
    """One sentence with what its cues say, worked out once however many hits stand in it."""

    def __init__(self, context: Context, words: Sequence[Word], next_word: str) -> None:
        self.words = words
        plain = [word.text for word in words]
        self.plain = plain
        self._idioms = list(context.idioms.find(plain))
        self.others_at = {hit.end - 1 for hit in context.others.find(plain)}
        self.past = context.present.isdisjoint(plain) and next(context.past.find(plain), None) is not None
        self.last_restore = self._last_restore(context, next_word)

    def _last_restore(self, context: Context, next_word: str) -> int:
        if next_word in context.restores:
            return len(self.plain)
        return max((at for at, word in enumerate(self.plain) if word in context.restores), default=-1)

    def in_idiom(self, hit: Hit) -> bool:
        return any(idiom.start < hit.end and hit.start < idiom.end for idiom in self._idioms)


def read_context(table: Mapping[str, object], slots: Mapping[str, Sequence[str]], faults: list[str]) -> Context:
    """The `[context]` table of a lexicon: word lists `denials`, `see_through`, `restores`, `present`, `myself`; phrase lists
    `others`, `past`, `idioms`."""

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
