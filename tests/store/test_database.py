"""What the store promises: aware times, encrypted words, one migration history, and rows that contradict nothing."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError, StatementError

from backend.store.check_ins import CheckIn, Score
from backend.store.database import Keyring, connected, db
from backend.store.escalations import Escalation
from backend.store.patients import Patient
from backend.store.tables import METADATA
from backend.store.texts import InboundMessage, OutboundMessage, parse_reference
from backend.store.work import claim, insert_once, transaction, work_through
from tests.town import Town


def test_the_models_are_what_the_migrations_make(any_town: Town) -> None:
    with any_town.inside(), connected() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_a_time_without_a_zone_is_refused_and_every_zone_comes_back_as_utc(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    of_patient = update(Patient).where(Patient.id == patient.id)
    with town.inside(), pytest.raises(StatementError), transaction() as session:
        session.execute(of_patient.values(held_at=datetime(2035, 1, 1)))  # noqa: DTZ001 - naive on purpose
    tokyo = datetime(2035, 1, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    with town.inside():
        with transaction() as session:
            session.execute(of_patient.values(held_at=tokyo))
        held_at = db.session.scalars(select(Patient.held_at)).one()
    assert held_at == tokyo
    assert held_at is not None
    assert held_at.tzinfo is UTC


def test_names_numbers_and_words_are_not_in_the_database_file(town: Town) -> None:
    ana = town.phone_of(town.enrol_patient())
    ana.texts("I don't want to be here anymore")
    with town.inside():
        db.session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        path = Path(db.engine.url.database or "")
    stored = path.read_bytes()
    for secret in ("Reyes", "Haddad", ana.number, "want to be here", "noor."):
        assert secret.encode() not in stored


def test_keys_rotate_without_losing_a_word() -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    kept = Keyring([old]).encrypt("half an emoji \ud83d")
    both = Keyring([new, old])
    assert both.decrypt(kept) == "half an emoji \ud83d"
    assert Keyring([old]).digest(" +1 ") == both.digests("+1")[1]
    with pytest.raises(InvalidToken):
        Keyring([new]).decrypt(kept)


def test_a_claim_goes_to_exactly_one(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    key = (patient.clinic_id, patient.id)
    with town.inside():
        with transaction():
            assert claim(Patient, key, Patient.held_at.is_(None), held_at=town.clock.now())
        with transaction():
            assert not claim(Patient, key, Patient.held_at.is_(None), held_at=town.clock.now())


def test_what_fails_inside_a_transaction_leaves_nothing(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    key = (patient.clinic_id, patient.id)

    def work(_key: object) -> None:
        with transaction():
            claim(Patient, key, held_at=town.clock.now())
            raise RuntimeError

    with town.inside():
        assert work_through("test", [key, key], work) == 0
        assert db.session.scalars(select(Patient.held_at)).one() is None


def test_transactions_do_not_nest_on_sqlite(town: Town) -> None:
    """The same thread would wait for itself for ever; it hears so at once instead."""
    with town.inside(), transaction(), town.app.app_context(), pytest.raises(RuntimeError), transaction():
        pass


IMPOSSIBLE = (
    update(Escalation).values(next_page_at=None),
    update(Escalation).values(resolved_at=datetime(2035, 1, 1, tzinfo=UTC), next_page_at=None),
    update(Escalation).values(acknowledged_at=datetime(2035, 1, 1, tzinfo=UTC)),
    update(Escalation).values(priority=0),
    update(InboundMessage).values(disposition=None),
    update(InboundMessage).values(disposition="ignored"),
    update(InboundMessage).values(disposition="escalation", escalation_id=None),
    update(OutboundMessage).values(state="lost"),
    update(CheckIn).values(skipped_at=datetime(2035, 1, 1, tzinfo=UTC)),
    update(CheckIn).values(answered_at=datetime(2035, 1, 1, tzinfo=UTC), prompted_at=None),
    update(Patient).values(baseline_mood=11),
    update(Score).values(value=11),
    update(Score).values(measure="joy"),
)


def test_the_database_itself_refuses_impossible_states(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    town.treat(patient)
    town.phone_of(patient).texts("mood 1 pain 9")
    for statement in IMPOSSIBLE:
        with town.inside(), pytest.raises(IntegrityError), transaction() as session:
            session.execute(statement)


def test_one_person_has_one_open_case(any_town: Town) -> None:
    town = any_town
    town.phone("+15555550400").texts("I want to die")
    [case] = town.cases()
    with town.inside(), transaction():
        again = {c.name: getattr(case, c.key) for c in Escalation.__table__.columns if c.name not in ("id", "number")}
        assert not insert_once(Escalation, **again, number=99)


def test_a_reference_leads_back_to_its_row_and_nothing_else_does(town: Town) -> None:
    town.enrol_patient()
    with town.inside():
        [welcome] = db.session.scalars(select(OutboundMessage))
    assert parse_reference(welcome.reference) == (welcome.clinic_id, welcome.id)
    for odd in ("", "-", "abc", "0" * 32, f"{welcome.reference}0", "\N{SNOWMAN}"):
        assert parse_reference(odd) is None
