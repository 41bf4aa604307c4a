"""How values are shown: times in the clinic's zone, waits in words, patients' words with what matched marked."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g, has_request_context, url_for
from markupsafe import Markup, escape

from backend.domain.concerns import Priority
from backend.domain.phone import for_reading
from backend.domain.schedule import zone_named
from backend.services.cases.queue import urgent_count
from backend.store.staff import Shift
from backend.web.current import house
from backend.web.security import may_act, me, my_clinic

SHORT = timedelta(minutes=1)
DAY = timedelta(days=1)


def register_shown(app: Flask) -> None:
    """Give templates the filters and the values that every page shows."""
    for show in FILTERS:
        app.add_template_filter(show)
    app.add_template_global(pairs)
    app.context_processor(on_every_page)


def on_every_page() -> dict[str, object]:
    """The banner, who is signed in, and how many urgent cases are open."""
    given: dict[str, object] = {"signed": house().clinical.is_signed, "asset": asset, "staff": None}
    if has_request_context() and g.get("staff") is not None:
        given |= {
            "staff": me(),
            "clinic": my_clinic(),
            "may_act": may_act(),
            "now": house().now(),
            "urgent": urgent_count(my_clinic().id),
        }
    return given


def asset(name: str) -> str:
    """The address of one of our own static files, with its digest, so that browsers may keep it."""
    return url_for("static", filename=name, v=_digest(Path(current_app.static_folder or "") / name))


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


# Times ---------------------------------------------------------------------------------------------------------------


def clinic_time(at: datetime) -> Markup:
    """When that was or will be, by the clinic's clock."""
    return _time(at, zone_named(my_clinic().timezone))


def local_time(at: datetime, zone_name: str) -> Markup:
    """The same moment where the patient lives; empty when it is the clinic's own time."""
    zone, here = zone_named(zone_name), zone_named(my_clinic().timezone)
    if at.astimezone(zone).utcoffset() == at.astimezone(here).utcoffset():
        return Markup()
    return Markup(' <span class="soft">({} for the patient)</span>').format(_time(at, zone))


def day_and_time(at: datetime, zone_name: str) -> Markup:
    """When that is by the patient's own clock, day and all."""
    zone = zone_named(zone_name)
    return _stamped(at, f"{_day(at.astimezone(zone), with_year=False)}, {_clock(at.astimezone(zone))}")


def _time(at: datetime, zone: ZoneInfo) -> Markup:
    local, today = at.astimezone(zone), house().now().astimezone(zone)
    away = (local.date() - today.date()).days
    day = {0: "today", -1: "yesterday", 1: "tomorrow"}.get(away) or _day(local, with_year=local.year != today.year)
    return _stamped(at, f"{day}, {_clock(local)}" if away else _clock(local))


def _day(local: datetime, *, with_year: bool) -> str:
    return local.strftime("%a %b %-d %Y" if with_year else "%a %b %-d")


def _clock(local: datetime) -> str:
    return local.strftime("%-I:%M %p")


def _stamped(at: datetime, words: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(timespec="seconds"), words)


def waited(since: datetime) -> str:
    """How long ago that was, in words: `12 min`, `3 h 5 min`, `2 days 4 h`."""
    return in_words(house().now() - since)


def ago(at: datetime) -> str:
    """How long ago, as roughly as a list needs it: `3 days ago`."""
    span = house().now() - at
    return f"{in_words(span - span % DAY if span >= DAY else span)} ago"


def shift_times(shift: Shift, zone_name: str) -> str:
    """When a shift begins and ends: weekdays when it comes every week, days of the month otherwise."""
    zone = zone_named(zone_name)
    begins, ends = shift.starts_at.astimezone(zone), shift.ends_at.astimezone(zone)
    if shift.weekly:
        same_day = begins.date() == ends.date()
        last = _clock(ends) if same_day else f"{ends:%a} {_clock(ends)}"
        return f"every week, {begins:%a} {_clock(begins)} to {last}"
    return f"{_day(begins, with_year=False)}, {_clock(begins)} to {_day(ends, with_year=False)}, {_clock(ends)}"


def until(at: datetime) -> str:
    """How long until then: `in 12 min`, or `now`."""
    left = at - house().now()
    return f"in {in_words(left)}" if left >= SHORT else "now"


def in_words(span: timedelta) -> str:
    if span < SHORT:
        return "< 1 min"
    days, rest = divmod(span, DAY)
    hours, rest = divmod(rest, timedelta(hours=1))
    minutes = rest // SHORT
    if days:
        return f"{days} day{'s' * (days > 1)}{f' {hours} h' * bool(hours)}"
    return f"{hours} h{f' {minutes} min' * bool(minutes)}" if hours else f"{minutes} min"


# Words ---------------------------------------------------------------------------------------------------------------


def marked(body: str, spans: Iterable[tuple[int, int]]) -> Markup:
    """The exact words, with what the rules matched marked. Spans may overlap."""
    shown, at = Markup(), 0
    for start, end in sorted(spans):
        begin = max(start, at)
        if begin < end <= len(body):
            shown += escape(body[at:begin]) + Markup("<mark>{}</mark>").format(body[begin:end])
            at = end
    return shown + escape(body[at:])


def phone(number: str) -> str:
    return for_reading(number)


def priority_label(priority: int) -> str:
    return Priority(priority).label


def plainly(name: str) -> str:
    """A name of ours as a person reads it: `side_effects` is `side effects`."""
    return name.replace("_", " ")


def capitalize_first(words: str) -> str:
    return words[:1].upper() + words[1:]


def pairs(values: Iterable[str]) -> list[tuple[str, str]]:
    """Choices whose values are their own words."""
    return [(value, value.replace("_", " ")) for value in values]


FILTERS: tuple[Callable[..., object], ...] = (
    clinic_time, local_time, day_and_time, waited, ago, until, shift_times, phone, priority_label, plainly,
    capitalize_first,
)  # fmt: skip
