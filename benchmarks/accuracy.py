"""Measures how well the reader reads, in recall, alarms and scores, on outside texts if at hand, else on our own.

`$AFTERCARE_DATA` names the folder of outside texts (default `../shared/data` beside the project). They are measured,
never kept: this prints counts only.
"""

import csv
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import sqrt
from pathlib import Path

from backend.domain.concerns import Priority, ReplyKind
from backend.domain.replies import read_reply
from backend.domain.screening import Screen
from config.loading import load_signed

PROJECT = Path(__file__).resolve().parent.parent
CORPUS = PROJECT / "tests" / "corpus"
POSITIVES = ("si_active", "si_passive", "self_harm")
# A side-effect report that itself names suicidal thoughts is no false alarm; this word check is the benchmark's own.
NAMES_SUICIDE = re.compile(
    r"suicid|kill(ed|ing)? (my|him|her)|(end|take|took) my (own )?life|want(ed)? to die|self.?harm", re.IGNORECASE
)
NUMBER = re.compile(r"[0-9]+")

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`, with the lower end of its 95 % Wilson interval."""

    part: int
    whole: int

    def __str__(self) -> str:
        return f"{self.part:5d} / {self.whole:<5d} {self.ratio:6.1%}  (95 % from {self.lower:.1%})"

    @property
    def ratio(self) -> float:
        return self.part / self.whole if self.whole else 0.0

    @property
    def lower(self) -> float:
        if not self.whole:
            return 0.0
        z, n, p = 1.96, self.whole, self.ratio
        return (p + z * z / (2 * n) - z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n)


def load_screen() -> Screen:
    signed = load_signed()
    return Screen(signed.lexicons, signed.languages)


def _has(column: str, value: str, row: Row) -> bool:
    return row[column] == value


def data_folder() -> Path | None:
    folder = Path(os.environ.get("AFTERCARE_DATA", PROJECT.parent / "shared" / "data"))
    return folder if (folder / "concerns_dev.csv").is_file() else None


def rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def share(texts: Iterable[Row], holds: Callable[[str], bool]) -> Share:
    held = [holds(row["text"]) for row in texts]
    return Share(sum(held), len(held))


class Accuracy:
    """The measures over one screen."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def crisis(self, text: str) -> bool:
        """Answered with the crisis reply, at asap or above: what counts as found, and as an alarm."""
        found = self.screen(text)
        return any(concern.priority >= Priority.ASAP and concern.reply is ReplyKind.CRISIS for concern in found)

    def seen(self, text: str) -> bool:
        """Some suicide or self-harm concern at any level: a person looks at it."""
        families = {"suicidal_ideation", "self_harm", "goodbye", "overdose"}
        return any(concern.name in families for concern in self.screen(text))

    def soft(self, text: str) -> bool:
        """No crisis reply, but a person and the soft reply: what low mood without danger deserves."""
        found = self.screen(text)
        return not self.crisis(text) and any(concern.reply is ReplyKind.SOFT for concern in found)

    def concerns(self, texts: Sequence[Row]) -> Iterator[str]:
        positives = [row for row in texts if row["label"] in POSITIVES]
        groups: dict[str, Callable[[Row], bool]] = {
            "all positives": lambda _: True,
            **{label: partial(_has, "label", label) for label in POSITIVES},
            "with a word for death or injury": partial(_has, "explicit", "yes"),
            "without one": partial(_has, "explicit", "no"),
            "English": partial(_has, "lang", "en"),
            "Spanish": partial(_has, "lang", "es"),
        }
        yield "Recall (crisis reply at asap or stat)"
        for name, belongs in groups.items():
            yield f"  {name:34s}{share(filter(belongs, positives), self.crisis)}"
        yield f"  {'all, any suicide concern at all':34s}{share(positives, self.seen)}"
        yield "Where no crisis reply was called for, by kind: crisis replies; and a person with the soft reply"
        none = [row for row in texts if row["label"] == "none"]
        for kind, _ in Counter(row["kind"] for row in none).most_common():
            of_kind = [row for row in none if row["kind"] == kind]
            yield f"  {kind:34s}{share(of_kind, self.crisis)}   soft {share(of_kind, self.soft).part}"
        yield f"  {'all of these':34s}{share(none, self.crisis)}   soft {share(none, self.soft).part}"
        ambiguous = [row for row in texts if row["label"] == "ambiguous"]
        yield f"  {'ambiguous (counted in neither)':34s}{share(ambiguous, self.crisis)}"

    def own(self, name: str, texts: Sequence[Row]) -> Iterator[str]:
        """One of our own files: crisis replies where they are due and where not, and concerns at their level."""
        due = [row for row in texts if row["expected_reply"] == "crisis"]
        others = [row for row in texts if row["expected_reply"] != "crisis"]
        if due:
            yield f"  {name + ', found':34s}{share(due, self.crisis)}"
        if others:
            yield f"  {name + ', false crisis':34s}{share(others, self.crisis)}"
        levelled = [row for row in others if row["expected_priority"] not in ("any", "none")]
        if levelled:
            yield f"  {name + ', at its level':34s}{Share(sum(map(self.at_level, levelled)), len(levelled))}"

    def at_level(self, row: Row) -> bool:
        """The worst concern is as urgent as the row says, or more."""
        found = self.screen(row["text"])
        return bool(found) and found[0].priority >= Priority.from_label(row["expected_priority"])

    def alarms(self, name: str, texts: Sequence[Row]) -> Iterator[str]:
        plain = [row for row in texts if not NAMES_SUICIDE.search(row["text"])]
        found = share(plain, self.crisis)
        yield f"  {name:34s}{found.part} crisis replies in {found.whole} texts = {1000 * found.ratio:.2f} per 1,000"
        levels = Counter(self.screen(row["text"])[0].priority.label for row in plain if self.screen(row["text"]))
        yield f"  {'':34s}texts with any concern: {dict(levels.most_common())}"

    @staticmethod
    def ratings(texts: Sequence[Row]) -> Iterator[str]:
        yield "Scores with pain awaited (right: the value; for a range, unsure and inside it; for not_rating, none)"
        kinds: dict[str, list[bool]] = {}
        for row in texts:
            kinds.setdefault(row["label"].partition(":")[0], []).append(rated_right(row["text"], row["label"]))
        for kind, right in kinds.items():
            yield f"  {kind:34s}{Share(sum(right), len(right))}"
        sure = [row for row in texts if row["label"].startswith("not_rating") and sure_scores(row["text"])]
        yield f"  not_rating stored as a sure score: {len(sure)}"


def sure_scores(text: str) -> bool:
    return any(reading.sure for reading in read_reply(text, ("pain",)).scores.values())


def rated_right(text: str, label: str) -> bool:
    """One number: read as it is. Several ("6-7", "6|1"): one of them is read, and a range must not be sure."""
    kind, _, said = label.partition(":")
    readings = list(read_reply(text, ("pain",)).scores.values())
    if kind == "not_rating":
        return not readings
    wanted = [int(number) for number in NUMBER.findall(said.partition("(")[0])]
    if len(wanted) == 1:
        return any(reading.value == wanted[0] for reading in readings)
    return not readings or any(reading.value in wanted and (not reading.sure or "|" in said) for reading in readings)


def on_outside_texts(folder: Path, accuracy: Accuracy) -> Iterator[str]:
    yield from accuracy.concerns(rows(folder / "concerns_dev.csv"))
    yield "False alarms on texts free of concern (aim: at most 1.5 per 1,000)"
    yield from accuracy.alarms("ordinary texts", rows(folder / "ordinary_dev.csv"))
    yield from accuracy.alarms("side effects, not naming suicide", rows(folder / "side_effects_dev.csv"))
    yield from accuracy.ratings(rows(folder / "ratings_dev.csv"))


def on_own_corpus(accuracy: Accuracy) -> Iterator[str]:
    yield "Our own corpus, by file"
    for path in sorted(CORPUS.rglob("*.csv")):
        texts = rows(path)
        if "expected_reply" in texts[0]:
            yield from accuracy.own(path.relative_to(CORPUS).with_suffix("").as_posix(), texts)


def main() -> None:
    """Print the tables."""
    accuracy, folder = Accuracy(load_screen()), data_folder()
    for line in on_own_corpus(accuracy):
        print(line)
    if folder is None:
        print("The outside texts are not here; $AFTERCARE_DATA names their folder.")
        return
    for line in on_outside_texts(folder, accuracy):
        print(line)


if __name__ == "__main__":
    main()
