"""What came of it, in figures that depend on the seed alone, as a page and as JSON."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from backend.domain.concerns import Priority
from backend.domain.outbound import Kind
from backend.domain.schedule import zone_named
from backend.domain.texts import segments
from backend.services.operating import verify
from backend.simulator.town import Simulation
from backend.store.check_ins import CheckIn, Score
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.escalations import ConcernRow, Escalation, EscalationEvent
from backend.store.patients import ConsentEvent, Patient, StandingEvent, Treatment
from backend.store.texts import InboundMessage, OutboundMessage

Figures = dict[str, Any]
_WEEK = timedelta(days=7)
_WORST_FIRST = (Priority.STAT, Priority.ASAP, Priority.URGENT, Priority.ROUTINE)


def report_of(simulation: Simulation) -> Figures:
    """Every figure, by chapter. `breaches` are verify's findings, row by row."""
    found = verify.breaches(simulation.house)
    wanted = simulation.wanted
    return {
        "played": {
            "patients": wanted.patients, "days": wanted.days, "seed": wanted.seed,
            "from": wanted.starts_on.isoformat(), "to": wanted.ends_at.date().isoformat(),
            "faults": dict(sorted(wanted.faults.rates.items())),
        },
        "town": _town(),
        "check_ins": _check_ins(),
        "texts": _texts(),
        "alerts": _alerts(wanted.ends_at),
        "consent": _consent(),
        "clocks": _clocks(wanted.ends_at),
        "verify": {name: len(rows) for name, rows in found.items()},
        "breaches": {name: rows for name, rows in found.items() if rows},
    }  # fmt: skip


def _count(*conditions: Any) -> int:
    return db.session.scalar(select(func.count()).where(*conditions)) or 0


def _tally(column: Any, *conditions: Any) -> dict[str, int]:
    """How often each value of a column stands in its table, the most frequent first."""
    rows = db.session.execute(select(column, func.count()).where(*conditions).group_by(column)).all()
    return dict(sorted(((str(value), number) for value, number in rows), key=lambda pair: (-pair[1], pair[0])))


def _town() -> Figures:
    deleted, corrected = Treatment.deleted_at.is_not(None), Treatment.former.is_not(None)
    late = Treatment.created_at > Treatment.ended_at
    return {
        "clinics": len(db.session.scalars(select(Clinic.id)).all()),
        "patients": len(db.session.scalars(select(Patient.id)).all()),
        "zones": len(_tally(Patient.timezone)),
        "languages": _tally(Patient.language),
        "treatments": _count(Treatment.id.is_not(None)),
        "treatments_corrected": _count(corrected),
        "treatments_deleted": _count(deleted),
        "treatments_recorded_a_day_late": sum(
            entered - ended > timedelta(days=1)
            for entered, ended in db.session.execute(select(Treatment.created_at, Treatment.ended_at).where(late))
        ),
        "routes": _tally(Treatment.route),
    }


def _check_ins() -> Figures:
    states = Counter[str]()
    for row in db.session.execute(
        select(CheckIn.prompted_at, CheckIn.answered_at, CheckIn.missed_at, CheckIn.skipped_at)
    ):
        states["planned"] += 1
        states["prompted"] += row.prompted_at is not None
        states["answered"] += row.answered_at is not None
        states["answered_late"] += row.answered_at is not None and row.missed_at is not None
        states["missed"] += row.missed_at is not None and row.answered_at is None
        states["skipped"] += row.skipped_at is not None
    closed = states["answered"] + states["missed"]
    replied_to = select(func.count(InboundMessage.check_in_id.distinct()))
    return {
        **{name: states[name] for name in ("planned", "prompted", "answered", "answered_late", "missed", "skipped")},
        "answered_percent": _percent(states["answered"], closed),
        "replied_to_percent": _percent(db.session.scalar(replied_to) or 0, states["prompted"]),
        "skipped_because": _tally(CheckIn.skipped_because, CheckIn.skipped_because.is_not(None)),
        "moved": _count(CheckIn.moved_because.is_not(None)),
        "moved_because": _tally(CheckIn.moved_because, CheckIn.moved_because.is_not(None)),
        "reminded": _count(CheckIn.reminded_at.is_not(None)),
        "scores": _tally(Score.measure),
    }


def _texts() -> Figures:
    to_patients: Counter[UUID | None] = Counter()
    from_patients: Counter[UUID | None] = Counter()
    kinds: Counter[str] = Counter()
    parts = {"out": 0, "in": 0, "pages": 0}
    left = OutboundMessage.sent_at.is_not(None)
    for kind, patient_id, body in _in_batches(
        OutboundMessage.kind, OutboundMessage.patient_id, OutboundMessage.body, where=left
    ):
        kinds[kind] += 1
        parts["pages" if kind in (Kind.PAGE, Kind.STAFF_REPLY) else "out"] += segments(body)
        to_patients[patient_id] += patient_id is not None
    for patient_id, body in _in_batches(InboundMessage.patient_id, InboundMessage.body):
        parts["in"] += segments(body)
        from_patients[patient_id] += patient_id is not None
    everybody = db.session.scalars(select(Patient.id)).all()
    return {
        "out_by_kind": dict(sorted(kinds.items())),
        "out_by_state": _tally(OutboundMessage.state),
        "to_patients": _spread([to_patients[patient] for patient in everybody]),
        "from_patients": _spread([from_patients[patient] for patient in everybody]),
        "segments": parts,
        "in_by_disposition": _tally(InboundMessage.disposition),
        "in_by_priority": _by_priority(_tally(InboundMessage.priority)),
        "urgent_percent_of_replies": _percent(
            _count(InboundMessage.priority >= int(Priority.ASAP)), _count(InboundMessage.patient_id.is_not(None))
        ),
    }


def _in_batches(*columns: Any, where: Any = None) -> Iterable[Any]:
    question = select(*columns) if where is None else select(*columns).where(where)
    return db.session.execute(question.execution_options(yield_per=1000))


def _alerts(ends_at: datetime) -> Figures:
    weeks = sum((ends_at - at) / _WEEK for at in db.session.scalars(select(Patient.created_at)))
    cases = _by_priority(_tally(Escalation.priority))
    total = sum(cases.values())
    return {
        "cases": total,
        "cases_per_100_patients_a_week": round(100 * total / weeks, 2) if weeks else 0.0,
        "by_priority": cases,
        "by_priority_per_100_patients_a_week": {p: round(100 * n / weeks, 2) for p, n in cases.items()}
        if weeks
        else {},
        "concerns": _tally(ConcernRow.name),
        "minutes_to_human": _time_to_human(),
        "open_at_the_end": _count(Escalation.resolved_at.is_(None)),
        "outcomes": _tally(Escalation.outcome, Escalation.outcome.is_not(None)),
        "events": _tally(EscalationEvent.kind),
        "pages": _count(OutboundMessage.kind == Kind.PAGE.value),
    }


def _by_priority(tally: Mapping[str, int]) -> dict[str, int]:
    named = {Priority(int(value)): number for value, number in tally.items() if value != "None"}
    return {priority.label: named[priority] for priority in sorted(named, reverse=True)}


def _time_to_human() -> Figures:
    """Minutes from opening to the first acknowledgement, by the priority a case ended with."""
    first: dict[tuple[UUID, UUID], datetime] = {}
    taken = select(EscalationEvent.clinic_id, EscalationEvent.escalation_id, EscalationEvent.at).where(
        EscalationEvent.kind == "acknowledged"
    )
    for clinic_id, case_id, at in db.session.execute(taken):
        first[clinic_id, case_id] = min(at, first.get((clinic_id, case_id), at))
    waits: dict[int, list[float]] = defaultdict(list)
    cases = select(Escalation.clinic_id, Escalation.id, Escalation.priority, Escalation.opened_at)
    for clinic_id, case_id, priority, opened_at in db.session.execute(cases):
        if (clinic_id, case_id) in first:
            waits[priority].append((first[clinic_id, case_id] - opened_at) / timedelta(minutes=1))
    return {
        priority.label: {
            "p50": round(_quantile(waits[priority], 0.5), 1),
            "p95": round(_quantile(waits[priority], 0.95), 1),
        }
        for priority in _WORST_FIRST
        if waits[priority]
    }


def _consent() -> Figures:
    return {
        "ledger": _tally(ConsentEvent.kind),
        "opt_outs_by": _tally(ConsentEvent.method, ConsentEvent.kind == "opt_out"),
        "opted_out_at_the_end": _count(Patient.opted_out_at.is_not(None)),
        "holds_at_the_end": _count(Patient.held_at.is_not(None)),
        "paused_at_the_end": _count(Patient.paused_at.is_not(None)),
        "discharged": _count(Patient.discharged_at.is_not(None)),
        "standing": _tally(StandingEvent.kind),
    }


def _clocks(ends_at: datetime) -> Figures:
    """How often the clocks changed for somebody, and how many check-ins lie beyond a change from their treatment."""
    crossed = sum(
        _offset(at, zone) != _offset(ends_at, zone)
        for at, zone in db.session.execute(select(Patient.created_at, Patient.timezone))
    )
    across = (
        select(CheckIn.due_at, Treatment.ended_at, func.coalesce(CheckIn.timezone, Patient.timezone))
        .join(Treatment, (Treatment.clinic_id == CheckIn.clinic_id) & (Treatment.id == CheckIn.treatment_id))
        .join(Patient, (Patient.clinic_id == CheckIn.clinic_id) & (Patient.id == CheckIn.patient_id))
        .where(CheckIn.prompted_at.is_not(None))
    )
    asked = sum(_offset(due, zone) != _offset(ended, zone) for due, ended, zone in db.session.execute(across))
    return {"patients_whose_clocks_changed": crossed, "check_ins_asked_across_a_change": asked}


def _offset(at: datetime, zone: str) -> timedelta | None:
    return at.astimezone(zone_named(zone)).utcoffset()


# Sums ----------------------------------------------------------------------------------------------------------------


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def _spread(numbers: Sequence[float]) -> dict[str, float]:
    return {"median": _quantile(numbers, 0.5), "p95": _quantile(numbers, 0.95), "total": sum(numbers)}


def _quantile(numbers: Sequence[float], part: float) -> float:
    """The nearest-rank quantile."""
    ordered = sorted(numbers)
    return ordered[max(math.ceil(part * len(ordered)) - 1, 0)] if ordered else 0.0


# As a page -----------------------------------------------------------------------------------------------------------


def as_page(figures: Figures) -> str:
    """The figures for people to read, one a line."""
    lines = []
    for chapter, rows in figures.items():
        if chapter not in ("verify", "breaches"):
            lines += ["", chapter.replace("_", " ").upper(), *_lines(rows)]
    lines += ["", "VERIFY"]
    for name, count in figures["verify"].items():
        lines.append(f"  {name:<4} {verify.TITLES[name]:<34} {count:>6}")
        lines += [f"         {row}" for row in figures["breaches"].get(name, ())]
    return "\n".join(lines[1:])


def _lines(rows: Mapping[str, Any], indent: str = "  ") -> Iterable[str]:
    for name, value in rows.items():
        if isinstance(value, Mapping):
            yield f"{indent}{_shown(name)}{'' if value else ': none'}"
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{_shown(name):<{46 - len(indent)}} {value:>10}"


def _shown(name: str) -> str:
    return name.replace("_", " ")
