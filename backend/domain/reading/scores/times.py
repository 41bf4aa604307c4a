"""Which of several numbers holds now: "was 9 now 2" is 2, "7 no wait 6" is 6."""

from collections.abc import Sequence
from itertools import pairwise

from backend.domain.reading.scores.numbers import Number
from backend.domain.reading.scores.tokens import Tokens, is_word
from backend.domain.reading.scores.vocabulary import AGO, CORRECTIONS, MOVES, NOW, PAST_PAIRS, WAS

_PAUSES = frozenset(".,;!?\n()") | {"but", "pero"}
_PAST_PAIRS = frozenset(tuple(pair.split()) for pair in PAST_PAIRS)
_PAIRS_OPEN = frozenset(pair[0] for pair in _PAST_PAIRS)
_TIMED = WAS | AGO | NOW | _PAIRS_OPEN | frozenset({">", "to", "a"})


def mark_past(tokens: Tokens, numbers: Sequence[Number]) -> None:
    """Set `past` on every number that a word or a movement says is over."""
    if not numbers or _TIMED.isdisjoint(tokens.words):
        return
    marks: list[list[str]] = [[] for _ in numbers]
    for gap in range(len(numbers) + 1):
        start = numbers[gap - 1].after if gap else 0
        end = numbers[gap].at if gap < len(numbers) else len(tokens)
        _share_out(_times(tokens, start, end), marks, gap, later_has_its_own=_ends_timed(tokens, numbers, gap + 1))
    for number, said in zip(numbers, marks, strict=True):
        number.past = ("was" in said or "ago" in said) and "now" not in said
    for earlier, later in pairwise(numbers):
        if _moved(tokens, earlier, later):
            earlier.past = True


def _times(tokens: Tokens, start: int, end: int) -> list[str]:
    """The words of time between two places, as `was` (of the next number), `ago` (of the last), `now` and pauses."""
    said: list[str] = []
    for at in range(start, end):
        word = tokens.at(at)
        if word in NOW:
            said.append("now")
        elif word in AGO or (word in _PAIRS_OPEN and (word, tokens.at(at + 1)) in _PAST_PAIRS):
            said.append("was" if (word, tokens.at(at + 1)) == ("used", "to") else "ago")
        elif word in WAS:
            said.append("was")
        elif word in _PAUSES:
            said.append(",")
    return said


def _ends_timed(tokens: Tokens, numbers: Sequence[Number], gap: int) -> bool:
    """Whether a word of time stands right behind the number that this gap follows."""
    if gap > len(numbers):
        return False
    after = numbers[gap - 1].after
    end = numbers[gap].at if gap < len(numbers) else len(tokens)
    first = _times(tokens, after, min(end, after + 3))[:1]
    return bool(first) and first[0] != ","


def _share_out(times: list[str], marks: list[list[str]], gap: int, *, later_has_its_own: bool) -> None:
    """Give the words of time in a gap to the number before it or after it."""
    if gap == 0:
        marks[0] += _after_pauses(times)
    elif gap == len(marks):
        marks[-1] += times[: times.index(",")] if "," in times else times
    elif "," in times:
        marks[gap - 1] += times[: times.index(",")]
        marks[gap] += _after_pauses(times)
    elif len(times) > 1 and not marks[gap - 1] and times[0] != "was":
        marks[gap - 1].append(times[0])
        marks[gap] += times[1:]
    else:
        for time in times:
            to_earlier = time == "ago" or (time == "now" and later_has_its_own)
            marks[gap - 1 if to_earlier and not marks[gap - 1] and time != "was" else gap].append(time)


def _after_pauses(times: list[str]) -> list[str]:
    return times[len(times) - times[::-1].index(",") :] if "," in times else times


def _moved(tokens: Tokens, earlier: Number, later: Number) -> bool:
    """Whether the earlier number is left behind: "from 8 to 4", "8 -> 4", "de 8 a 4", "went 4 to 8"."""
    between = tokens.words[earlier.after : later.at]
    if ">" in between:
        return True
    if not between or between[0] not in ("to", "a", "down", "up") or len(between) > 4:  # noqa: PLR2004 - "down to about a"
        return False
    moved = not MOVES.isdisjoint(tokens.words[: earlier.at])
    return moved or later.low < earlier.low or between[0] in ("down", "up")


def corrected(tokens: Tokens, numbers: list[Number]) -> list[Number]:
    """Without what was taken back: as many as come after the word of correction replace the last before it."""
    for at in range(len(numbers) - 1, 0, -1):
        between = tokens.words[numbers[at - 1].after : numbers[at].at]
        if not CORRECTIONS.isdisjoint(between) or [word for word in between if is_word(word)] == ["no"]:
            kept, said = numbers[:at], numbers[at:]
            return kept[: max(0, len(kept) - len(said))] + said
    return numbers
