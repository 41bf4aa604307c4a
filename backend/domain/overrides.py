"""What a clinic may change of the signed protocol, and how far: never so that something urgent becomes less."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import time, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from backend.domain.concerns import Priority
from backend.domain.protocol import FLAGS, SETTINGS, CheckInRule, Protocol, Raise, Span, Window

EARLIEST, LATEST = time(8), time(21)
"""No clinic may ask earlier or later in the patient's day (quiet hours, CLINICAL.md 8)."""
TIME_TO_ANSWER = timedelta(hours=2)
"""So long the window stays open after the asking hour."""
MORE_WHEN_HIGHER = frozenset({"mood_floor", "mood_low"})
"""These thresholds raise more alarms the higher they are; all others the lower they are."""

Faults = dict[str, str]
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_CONCERN = re.compile(r"[a-z][a-z0-9_]{0,47}")
_HOURS = f"{EARLIEST:%H:%M} to {LATEST:%H:%M}"


class UnsafeOverridesError(ValueError):
    """Overrides that no clinic may have; `faults` says of each field what is allowed."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("\n".join(f"{name}: {fault}" for name, fault in faults.items()))
        self.faults = dict(faults)


@dataclass(frozen=True, slots=True)
class Fitted:
    """The signed protocol with as much of a clinic's overrides as is safe; `faults` says why the rest is not."""

    protocol: Protocol
    faults: Mapping[str, str] = field(default_factory=dict)


class Difference(NamedTuple):
    """One thing in which a clinic's protocol differs from the signed one."""

    name: str
    signed: str
    own: str


def nameless_raises(overrides: Mapping[str, Any], concerns: Collection[str]) -> Faults:
    """Raises of concerns that nothing ever finds, which would do nothing."""
    given = overrides.get("raises")
    unknown = [name for name in given if name not in concerns] if isinstance(given, Mapping) else []
    return {f"raises.{name}": f"nothing finds this; name one of {', '.join(sorted(concerns))}" for name in unknown}


def with_overrides(protocol: Protocol, overrides: Mapping[str, Any]) -> Protocol:
    """The protocol as this clinic changes it. Raises `UnsafeOverridesError` with every fault at once."""
    found = fitted(protocol, overrides)
    if found.faults:
        raise UnsafeOverridesError(found.faults)
    return found.protocol


def fitted(protocol: Protocol, overrides: Mapping[str, Any]) -> Fitted:
    """As far as the overrides fit the signed protocol. One that is signed anew may no longer allow what a clinic chose;
    its own value holds then.
    """
    faults: Faults = {}
    for part, given in overrides.items():
        take = _PARTS.get(part)
        if take is None:
            faults[part] = f"a clinic cannot change this, only {', '.join(_PARTS)}"
        else:
            protocol = take(protocol, given, faults)
    return Fitted(protocol, faults)


# Hours ---------------------------------------------------------------------------------------------------------------


def _window(protocol: Protocol, given: object, faults: Faults) -> Protocol:
    own = {name: _clock(value, f"window.{name}", faults) for name, value in _named("window", given, faults)}
    times = {one.name: getattr(protocol.window, one.name) for one in fields(Window)}
    for name in own.keys() - times.keys():
        faults[f"window.{name}"] = f"there is no such hour, only {', '.join(times)}"
    if not own or any(name.startswith("window") for name in faults):
        return protocol
    times |= own
    if "opens" in own:  # what the clinic says nothing about follows its opening
        times |= {n: max(times[n], times["opens"]) for n in ("asks_at", "sunday_opens") if n not in own}
    return protocol if _is_askew(times, faults) else replace(protocol, window=Window(**times))


def _clock(value: object, name: str, faults: Faults) -> time:
    if isinstance(value, str) and _CLOCK.fullmatch(value) and EARLIEST <= time.fromisoformat(value) <= LATEST:
        return time.fromisoformat(value)
    faults[name] = f"write a time from {_HOURS}, such as 11:00"
    return EARLIEST


def _is_askew(times: Mapping[str, time], faults: Faults) -> bool:
    for name in ("asks_at", "sunday_opens"):
        if times[name] < times["opens"]:
            faults[f"window.{name}"] = f"not before the window opens at {times['opens']:%H:%M}"
    latest = max(times["asks_at"], times["sunday_opens"])
    if _on_some_day(latest) + TIME_TO_ANSWER > _on_some_day(times["closes"]):
        hours = TIME_TO_ANSWER // timedelta(hours=1)
        faults["window.closes"] = f"at least {hours} hours after the latest asking, which is at {latest:%H:%M}"
    return any(name.startswith("window") for name in faults)


def _on_some_day(clock_time: time) -> timedelta:
    return timedelta(hours=clock_time.hour, minutes=clock_time.minute)


# Check-ins -----------------------------------------------------------------------------------------------------------


def _check_ins(protocol: Protocol, given: object, faults: Faults) -> Protocol:
    may, known = protocol.clinic_may.days, {rule.name for rule in protocol.check_ins}
    days: dict[str, int] = {}
    for name, value in _named("check_ins", given, faults):
        if name in may and _is_within(value, may[name]):
            days[name] = value
        elif name in may:
            faults[f"check_ins.{name}"] = f"choose a day from {_span(may[name])} after the treatment"
        elif name in known:
            faults[f"check_ins.{name}"] = "this check-in cannot be moved"
        else:
            faults[f"check_ins.{name}"] = f"there is no such check-in to move, only {', '.join(may)}"
    return _with_rules(protocol, lambda rule: replace(rule, after_days=days.get(rule.name, rule.after_days)))


def _for_everyone(protocol: Protocol, given: object, faults: Faults) -> Protocol:
    some = [rule.name for rule in protocol.check_ins if rule.only_when]
    wanted = _chosen("for_everyone", given, some, faults)
    return _with_rules(protocol, lambda rule: replace(rule, only_when=()) if rule.name in wanted else rule)


def _optional_items(protocol: Protocol, given: object, faults: Faults) -> Protocol:
    known = sorted({item for rule in protocol.check_ins for item in rule.optional})
    wanted = _chosen("optional_items", given, known, faults)
    return replace(protocol, optional_items=protocol.optional_items | wanted)


def _with_rules(protocol: Protocol, change: Callable[[CheckInRule], CheckInRule]) -> Protocol:
    return replace(protocol, check_ins=tuple(change(rule) for rule in protocol.check_ins))


# What worries --------------------------------------------------------------------------------------------------------


def _thresholds(protocol: Protocol, given: object, faults: Faults) -> Protocol:
    may = protocol.clinic_may.thresholds
    own: dict[str, int] = {}
    for name, value in _named("thresholds", given, faults):
        if name not in may:
            faults[f"thresholds.{name}"] = f"a clinic cannot change this, only {', '.join(may)}"
        elif _is_within(value, may[name]):
            own[name] = value
        else:
            signed, furthest = may[name]
            more = "more alarms the higher" if name in MORE_WHEN_HIGHER else "more alarms the lower"
            faults[f"thresholds.{name}"] = (
                f"choose a whole number from {_span(may[name])} ({signed} is signed, {furthest} the furthest; {more})"
            )
    return replace(protocol, thresholds=replace(protocol.thresholds, **own))


def _conversation(protocol: Protocol, given: object, faults: Faults) -> Protocol:
    may = protocol.clinic_may.remind_after_hours
    for name, value in _named("conversation", given, faults):
        if name != "remind_after_hours" or may is None:
            faults[f"conversation.{name}"] = "a clinic cannot change this, only remind_after_hours"
        elif _is_within(value, may):
            own = replace(protocol.conversation, remind_after=timedelta(hours=value))
            protocol = replace(protocol, conversation=own)
        else:
            faults[f"conversation.{name}"] = f"choose whole hours from {_span(may)}"
    return protocol


def _raises(protocol: Protocol, given: object, faults: Faults) -> Protocol:
    """Added to the signed ones, each of which still counts: of two the more urgent holds."""
    added: list[Raise] = []
    for concern, conditions in _named("raises", given, faults):
        for when, label in _named(f"raises.{concern}", conditions, faults):
            name = f"raises.{concern}.{when}"
            if not _CONCERN.fullmatch(concern):
                faults[name] = "name a concern as it stands on a case, such as mania"
            elif when not in (*FLAGS, *SETTINGS):
                faults[name] = f"name a flag or a setting: {', '.join((*FLAGS, *SETTINGS))}"
            elif label not in _LABELS:
                faults[name] = f"choose one of {', '.join(_LABELS)}"
            else:
                added.append(Raise(concern, when, Priority.from_label(label)))
    return replace(protocol, raises=(*protocol.raises, *added))


_LABELS = tuple(priority.label for priority in Priority if priority is not Priority.NONE)


# Reading what was given ----------------------------------------------------------------------------------------------


def _named(part: str, given: object, faults: Faults) -> Iterable[tuple[str, Any]]:
    if isinstance(given, Mapping) and all(isinstance(name, str) for name in given):
        return list(given.items())
    faults[part] = "write names with their values"
    return []


def _chosen(part: str, given: object, known: Sequence[str], faults: Faults) -> frozenset[str]:
    if not isinstance(given, Sequence) or isinstance(given, str) or not all(one in known for one in given):
        faults[part] = f"choose among {', '.join(known) or 'nothing: there is none'}"
        return frozenset(one for one in given if one in known) if isinstance(given, list | tuple) else frozenset()
    return frozenset(given)


def _is_within(value: object, span: Span) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and min(span) <= value <= max(span)


def _span(span: Span) -> str:
    return f"{min(span)} to {max(span)}"


_PARTS: Mapping[str, Callable[[Protocol, object, Faults], Protocol]] = {
    "window": _window,
    "check_ins": _check_ins,
    "for_everyone": _for_everyone,
    "optional_items": _optional_items,
    "conversation": _conversation,
    "thresholds": _thresholds,
    "raises": _raises,
}


# The bounds themselves -----------------------------------------------------------------------------------------------


def faults_of_bounds(protocol: Protocol) -> list[str]:
    """Why what the protocol lets clinics change is not safe: moves that change the order, fewer alarms than signed."""
    may, faults = protocol.clinic_may, []
    days = {rule.name: rule.after_days for rule in protocol.check_ins if rule.after_days is not None}
    spans = sorted(may.days.get(name, (day, day)) for name, day in days.items())
    if any(first[1] >= second[0] for first, second in pairwise(spans)):
        faults.append("clinic_may.days: a check-in could come after the next one; keep the spans apart")
    for name, span in may.days.items():
        if name not in days or not span[0] <= days[name] <= span[1]:
            faults.append(f"clinic_may.days.{name}: name a check-in, and days around its own")
    signed = asdict(protocol.thresholds)
    for name, (first, furthest) in may.thresholds.items():
        towards_more = furthest >= first if name in MORE_WHEN_HIGHER else furthest <= first
        if name not in signed or first != signed[name] or not towards_more or furthest < 1:
            faults.append(f"clinic_may.thresholds.{name}: from the signed value towards more alarms, not below 1")
    hours = may.remind_after_hours
    if hours is not None and not 0 < hours[0] <= protocol.conversation.remind_after / timedelta(hours=1) <= hours[1]:
        faults.append("clinic_may.remind_after_hours: hours around the signed ones")
    return faults


# What differs --------------------------------------------------------------------------------------------------------


def differences(signed: Protocol, own: Protocol) -> list[Difference]:
    """Everything in which a clinic's protocol is not the signed one, by the names that overrides have."""
    before, after = _flat(signed), _flat(own)
    names = [*before, *(name for name in after if name not in before)]
    return [Difference(n, before.get(n, "–"), after.get(n, "–")) for n in names if before.get(n) != after.get(n)]


def _flat(protocol: Protocol) -> dict[str, str]:
    flat = {f"window.{one.name}": f"{getattr(protocol.window, one.name):%H:%M}" for one in fields(Window)}
    for rule in protocol.check_ins:
        if rule.after_days is not None:
            flat[f"check_ins.{rule.name}"] = f"day {rule.after_days}"
        flat[f"for_everyone.{rule.name}"] = "no" if rule.only_when else "yes"
    flat["optional_items"] = ", ".join(sorted(protocol.optional_items)) or "none"
    flat["conversation.remind_after_hours"] = f"{protocol.conversation.remind_after / timedelta(hours=1):g}"
    flat |= {f"thresholds.{name}": str(value) for name, value in asdict(protocol.thresholds).items()}
    strongest: dict[str, Priority] = {}
    for one in protocol.raises:
        name = f"raises.{one.concern}.{one.when}"
        strongest[name] = max(one.priority, strongest.get(name, Priority.NONE))
    return flat | {name: priority.label for name, priority in strongest.items()}
