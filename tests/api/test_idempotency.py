"""`Idempotency-Key`: sent twice, done once, also at the same moment, also when the process dies in between."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from backend.store.check_ins import CheckIn
from backend.store.database import WRITES, db
from backend.store.patients import Treatment
from backend.store.staff import IdempotentAnswer
from tests.api.caller import ANA, TREATMENT, Caller, faults_of, problem_of
from tests.town import Town


@pytest.fixture
def ana(call: Caller) -> str:
    found: str = call.post("/patients", ANA)["id"]
    return found


def test_many_at_once_enrol_one_patient(any_town: Town) -> None:
    """Without any key, too: the number decides."""
    call = Caller(any_town, any_town.token())
    together = Barrier(6)

    def send(last: int) -> int:
        together.wait()
        return call("POST", "/patients", ANA | {"external_id": f"ehr-{last}"}).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(send, range(6)))
    assert statuses[0] == 201
    assert set(statuses[1:]) <= {409, 422}


def _count(town: Town, model: Any) -> int:
    with town.inside():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_the_same_again_is_answered_the_same_and_done_once(town: Town, call: Caller, ana: str) -> None:
    path = f"/patients/{ana}/treatments"
    first = call("POST", path, TREATMENT, Idempotency_Key="k1")
    town.clock.advance(timedelta(hours=1))
    again = call("POST", path, dict(reversed(TREATMENT.items())), Idempotency_Key="k1")
    assert first.status_code == again.status_code == 201
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert _count(town, Treatment) == 1
    call.post(path, TREATMENT, Idempotency_Key="k2")
    assert _count(town, Treatment) == 2


def test_a_key_serves_one_request(town: Town, call: Caller, ana: str) -> None:
    path = f"/patients/{ana}/treatments"
    call.post(path, TREATMENT, Idempotency_Key="k1")
    for other in (TREATMENT | {"escort": False}, TREATMENT | {"route": "im"}):
        assert list(faults_of(call("POST", path, other, Idempotency_Key="k1"))) == ["Idempotency-Key"]
    assert list(faults_of(call("POST", f"/patients/{ana}/pause", Idempotency_Key="k1"))) == ["Idempotency-Key"]
    assert _count(town, Treatment) == 1


def test_a_key_belongs_to_its_token(town: Town, call: Caller, ana: str) -> None:
    path = f"/patients/{ana}/treatments"
    call.post(path, TREATMENT, Idempotency_Key="k1")
    Caller(town, town.token()).post(path, TREATMENT, Idempotency_Key="k1")
    assert _count(town, Treatment) == 2


def test_a_refusal_frees_the_key(town: Town, call: Caller, ana: str) -> None:
    refused = ANA | {"phone": "+15555550121"}
    assert list(faults_of(call("POST", "/patients", refused, Idempotency_Key="k1"))) == ["external_id"]
    assert _count(town, IdempotentAnswer) == 0
    call.post("/patients", refused | {"external_id": "ehr-2"}, Idempotency_Key="k1")


def test_a_body_that_does_not_fit_uses_no_key(town: Town, call: Caller) -> None:
    faults_of(call("POST", "/patients", {}, Idempotency_Key="k1"))
    call.post("/patients", ANA, Idempotency_Key="k1")


@pytest.mark.parametrize("key", ["", " ", "two words", "x" * 256, "ключ".encode().decode("latin-1")])
def test_it_refuses_odd_keys(shared: Caller, key: str) -> None:
    assert list(faults_of(shared("POST", "/patients", ANA, Idempotency_Key=key))) == ["Idempotency-Key"]


def test_many_at_once_are_done_once(any_town: Town) -> None:
    call = Caller(any_town, any_town.token())
    ana = call.post("/patients", ANA)["id"]
    together = Barrier(6)

    def send(_: int) -> int:
        together.wait()
        return call("POST", f"/patients/{ana}/treatments", TREATMENT, Idempotency_Key="k1").status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(send, range(6)))
    assert statuses.count(201) >= 1
    assert set(statuses) <= {201, 409}
    assert _count(any_town, Treatment) == 1
    assert call("POST", f"/patients/{ana}/treatments", TREATMENT, Idempotency_Key="k1").status_code == 201


@contextmanager
def _dying_at(commit: int) -> Iterator[None]:
    """The process dies as it is about to make this commit: 1 reserves the key, 2 is the work, 3 keeps the answer."""
    seen = 0

    def die(session: Session) -> None:
        nonlocal seen
        seen += session.connection().get_execution_options().get(WRITES, False)
        if seen == commit:
            raise SystemExit

    event.listen(Session, "before_commit", die)
    try:
        with pytest.raises(SystemExit):
            yield
    finally:
        event.remove(Session, "before_commit", die)


def test_a_process_that_died_before_the_work_leaves_the_key_for_later(town: Town, call: Caller, ana: str) -> None:
    path = f"/patients/{ana}/treatments"
    with _dying_at(2):
        call("POST", path, TREATMENT, Idempotency_Key="k1")
    assert _count(town, Treatment) == 0
    assert "still being worked on" in problem_of(call("POST", path, TREATMENT, Idempotency_Key="k1"), 409)["detail"]
    town.clock.advance(timedelta(seconds=61))
    call.post(path, TREATMENT, Idempotency_Key="k1")
    assert call("POST", path, TREATMENT, Idempotency_Key="k1").headers["Idempotency-Replayed"] == "true"
    assert _count(town, Treatment) == 1


def test_work_that_was_committed_is_never_done_again(town: Town, call: Caller, ana: str) -> None:
    """The work's own transaction spends the key, so it does not matter when the process dies after it."""
    path = f"/patients/{ana}/treatments"
    with _dying_at(3):
        call("POST", path, TREATMENT, Idempotency_Key="k1")
    assert _count(town, Treatment) == 1
    town.clock.advance(timedelta(minutes=5))
    assert "was carried out" in problem_of(call("POST", path, TREATMENT, Idempotency_Key="k1"), 409)["detail"]
    assert _count(town, Treatment) == 1


def test_whoever_lost_the_key_to_another_does_nothing(town: Town, call: Caller, ana: str) -> None:
    """A request that slept for a minute finds its key taken over when it wants to commit its work."""
    path = f"/patients/{ana}/treatments"
    overtaken: list[None] = []

    def overtake(session: Session, *_: object) -> None:
        if not overtaken and any(isinstance(row, Treatment) for row in session.new):
            overtaken.append(None)
            _take_over(town)

    event.listen(Session, "before_flush", overtake)
    try:
        answer = call("POST", path, TREATMENT, Idempotency_Key="k1")
    finally:
        event.remove(Session, "before_flush", overtake)
    assert "taken over" in problem_of(answer, 409)["detail"]
    assert _count(town, Treatment) == _count(town, CheckIn) == 0


def _take_over(town: Town) -> None:
    """What another process does to the key's row; here within the same transaction, since SQLite has one writer."""
    db.session.execute(update(IdempotentAnswer).values(created_at=town.clock.now() + timedelta(seconds=61)))
