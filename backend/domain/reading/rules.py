"""What one rule of the signed lexicon says, read from its table with every fault named."""

from collections.abc import Mapping
from dataclasses import dataclass

from backend.domain.concerns import Priority, ReplyKind


@dataclass(frozen=True, slots=True)
class Timing:
    """Some things are expected soon after a treatment and a bad sign later. Times are hours since its end."""

    expected_within: float
    abnormal_from: float
    abnormal_level: Priority


@dataclass(frozen=True, slots=True)
class Rule:
    """Words a clinician has signed: what they are a sign of, how urgent that is, which fixed reply answers them.

    `says` are the patterns that give the concern. `of_writer` marks what is a concern about the writer only: somebody
    else named as the subject ("my mom wants to die") makes it a softer concern about that person.
    """

    id: str
    family: str
    level: Priority
    reply: ReplyKind
    why: str
    source: str
    says: tuple[str, ...]
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]
    of_writer: bool = False
    timing: Timing | None = None


def texts(table: Mapping[str, object], key: str, faults: list[str], where: str) -> tuple[str, ...]:
    """A list of strings under `key`; a missing list is empty, anything else is a fault."""
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(entry, str) for entry in found):
        faults.append(f"{where}: {key} must be a list of texts")
        return ()
    return tuple(found)


def text(table: Mapping[str, object], key: str, faults: list[str], where: str) -> str:
    found = table.get(key)
    if not isinstance(found, str) or not found.strip():
        faults.append(f"{where}: {key} is missing")
        return ""
    return found.strip()


def read_level(table: Mapping[str, object], key: str, faults: list[str], where: str) -> Priority:
    label = text(table, key, faults, where)
    try:
        return Priority.from_label(label)
    except KeyError:
        faults.append(f"{where}: unknown level {label!r}")
        return Priority.STAT


def _reply(table: Mapping[str, object], faults: list[str], where: str) -> ReplyKind:
    label = text(table, "reply", faults, where)
    try:
        return ReplyKind(label)
    except ValueError:
        faults.append(f"{where}: unknown reply {label!r}")
        return ReplyKind.CRISIS


def _timing(table: Mapping[str, object], faults: list[str], where: str) -> Timing | None:
    found = table.get("timing")
    if found is None:
        return None
    if not isinstance(found, Mapping):
        faults.append(f"{where}: timing must be a table")
        return None
    hours: list[float] = []
    for key in ("expected_within", "abnormal_from"):
        value = found.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            faults.append(f"{where}: timing.{key} must be a number of hours")
            value = 0
        hours.append(float(value))
    return Timing(hours[0], hours[1], read_level(found, "abnormal_level", faults, where))


def read_rule(table: Mapping[str, object], number: int, faults: list[str]) -> Rule:
    """One `[[rule]]`; whatever is wrong with it is added to `faults`."""
    where = f"rule {table.get('id', f'number {number}')!r}"
    says = texts(table, "says", faults, where)
    examples = texts(table, "examples", faults, where)
    if not says or not all(pattern.strip() for pattern in says):
        faults.append(f"{where}: what it says is empty")
    if not examples:
        faults.append(f"{where}: no example")
    return Rule(
        id=text(table, "id", faults, where),
        family=text(table, "family", faults, where),
        level=read_level(table, "level", faults, where),
        reply=_reply(table, faults, where),
        why=text(table, "why", faults, where),
        source=text(table, "source", faults, where),
        says=says,
        examples=examples,
        counter_examples=texts(table, "counter_examples", faults, where),
        of_writer=table.get("of_writer") is True,
        timing=_timing(table, faults, where),
    )
