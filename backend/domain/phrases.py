"""Finds many phrases at once in a row of words, in time linear in the number of words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

_GAP_LIMIT = 6
_SLOT_DEPTH = 6
START, END = "^", "$"
_HIT = -1
_TABLE_LIMIT = 50_000

# A phrase is words; `a|b` either; `word?` and `a|b?` may be missing; `@name` a slot (a list of phrases); `~3` up to
# three words of any kind; `^` and `$` the start and end of the sentence. There is no other syntax, so nothing a
# clinician can write makes matching slow.


@dataclass(frozen=True, slots=True)
class Hit:
    """Phrase `label` stands at `words[start:end]`."""

    label: int
    start: int
    end: int


class PhraseBook:
    """Built once from phrases, then asked for every hit in a text.

    A small automaton: `_steps[state]` maps a word to the states after it, `_any[state]` the states after any word.
    """

    def __init__(self, phrases: Iterable[tuple[int, str]], slots: Mapping[str, Sequence[str]]) -> None:
        self._slots = slots
        self._steps: list[dict[str, set[int]]] = [{}]
        self._any: list[set[int]] = [set()]
        self._ends: list[set[int]] = [set()]
        self._made: dict[tuple[frozenset[int], str], set[int]] = {}
        self.vocabulary: set[str] = set()
        self._members: list[frozenset[int]] = [frozenset()]
        self._table: list[dict[str, int]] = [{}]
        self._numbered: dict[frozenset[int], int] = {frozenset(): 0}
        self._lock = Lock()
        for label, phrase in phrases:
            for state in self._add(phrase, {0}, 0):
                if state == 0:
                    raise ValueError(f"phrase {phrase!r} would match nothing at all")
                self._ends[state].add(label)

    def _add(self, phrase: str, froms: set[int], depth: int) -> set[int]:
        parts = phrase.split()
        if not parts or depth > _SLOT_DEPTH:
            raise ValueError(f"phrase {phrase!r} is empty or nests too deeply")
        for part in parts:
            froms = self._add_part(part, froms, depth)
        return froms

    def _add_part(self, part: str, froms: set[int], depth: int) -> set[int]:
        """The states after `part`. The same part from the same states is made once, as in a trie."""
        key = (frozenset(froms), part)
        if key not in self._made:
            self._made[key] = (
                self._add_gap(part, froms) if part.startswith("~") else self._add_choice(part, froms, depth)
            )
        return self._made[key]

    def _add_choice(self, part: str, froms: set[int], depth: int) -> set[int]:
        choices = part.removesuffix("?").split("|")
        words = [choice for choice in choices if not choice.startswith("@")]
        reached = set(froms) if part.endswith("?") else set()
        if words:
            reached.add(self._add_words(words, froms))
        for choice in choices:
            if choice.startswith("@"):
                for phrase in self._slot(choice[1:]):
                    reached |= self._add(phrase, froms, depth + 1)
        return reached

    def _slot(self, name: str) -> Sequence[str]:
        if name not in self._slots:
            raise ValueError(f"there is no slot named {name!r}")
        return self._slots[name]

    def _add_gap(self, part: str, froms: set[int]) -> set[int]:
        width = int(part[1:]) if part[1:].isdecimal() else 0
        if not 1 <= width <= _GAP_LIMIT:
            raise ValueError(f"a gap is ~1 to ~{_GAP_LIMIT}, not {part!r}")
        reached = set(froms)
        for _ in range(width):
            state = self._new_state()
            for origin in froms:
                self._any[origin].add(state)
            froms = {state}
            reached.add(state)
        return reached

    def _add_words(self, words: Sequence[str], froms: set[int]) -> int:
        self.vocabulary.update(words)
        state = self._new_state()
        for origin in froms:
            for word in words:
                self._steps[origin].setdefault(word, set()).add(state)
        return state

    def _new_state(self) -> int:
        self._steps.append({})
        self._any.append(set())
        self._ends.append(set())
        return len(self._steps) - 1

    def find(self, words: Sequence[str]) -> Iterator[Hit]:
        """Every place where a phrase ends, with the earliest word from which it can have begun."""
        if self._holds_any(words):
            yield from self._search(words)

    def _holds_any(self, words: Sequence[str]) -> bool:
        """Whether any phrase ends anywhere: one look-up a word, for nearly every text has none."""
        at = 0
        for word in words:
            word_or_other = word if word in self.vocabulary else ""
            known = self._table[at].get(word_or_other)
            at = self._step(at, word_or_other) if known is None else known
            if at == _HIT:
                return True
        return False

    def _step(self, at: int, word: str) -> int:
        """The combined state after `word`, worked out once and remembered: a growing table of the automaton's states.

        Words of no phrase all lead to the same place and are not remembered one by one.
        """
        with self._lock:
            known = self._table[at].get(word)
            if known is None:
                known = self._table[at][word] = self._combined(self._after(self._members[at], word))
            return known

    def _after(self, states: frozenset[int], word: str) -> frozenset[int]:
        reached = set(self._steps[0].get(word, ()))
        for state in states:
            reached |= self._any[state]
            reached.update(self._steps[state].get(word, ()))
        return frozenset(reached)

    def _combined(self, states: frozenset[int]) -> int:
        if any(self._ends[state] for state in states):
            return _HIT
        if states not in self._numbered:
            if len(self._table) >= _TABLE_LIMIT:
                return _HIT  # too many to remember: search in full
            self._members.append(states)
            self._table.append({})
            self._numbered[states] = len(self._table) - 1
        return self._numbered[states]

    def _search(self, words: Sequence[str]) -> Iterator[Hit]:
        first = self._steps[0]
        open_states: dict[int, int] = {}
        for at, word in enumerate(words):
            after: dict[int, int] = {}
            for state, start in open_states.items():
                for target in self._steps[state].get(word, ()):
                    after[target] = min(start, after.get(target, start))
                for target in self._any[state]:
                    after[target] = min(start, after.get(target, start))
            for target in first.get(word, ()):
                after.setdefault(target, at)
            open_states = after
            for state, start in after.items():
                for label in self._ends[state]:
                    yield Hit(label, start, at + 1)
