"""kill -9 at the worst moments, with real processes: nothing is lost, and no prompt goes out twice (S1, S9)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.store.database import db
from backend.store.escalations import Escalation
from backend.store.texts import InboundMessage, OutboundMessage
from tests.breaking.deployment import NOOR, Deployment, eventually

ANA = "+15555550120"
PROMPT = "How is your mood today?"
CRISIS = "Call or text 988 now"


@pytest.fixture
def deployment(any_url: str, tmp_path: Path) -> Iterator[Deployment]:
    yield from _started(any_url, tmp_path)


@pytest.fixture
def small_deployment(sqlite_url: str, tmp_path: Path) -> Iterator[Deployment]:
    yield from _started(sqlite_url, tmp_path)


def _started(url: str, folder: Path) -> Iterator[Deployment]:
    started = Deployment(url, folder)
    started.found(ANA)
    started.start_sandbox()
    yield started
    started.stop()


def test_web_killed_between_keeping_and_understanding_loses_nothing(deployment: Deployment) -> None:
    web = deployment.start_web("screen")
    texting = deployment.text(ANA, "I am going to kill myself tonight")
    web.wait_until_paused()
    web.kill()
    with deployment.app.app_context():
        [kept] = db.session.scalars(select(InboundMessage))
        assert (kept.body, kept.processed_at) == ("I am going to kill myself tonight", None)
        db.session.rollback()

    deployment.start_clock()
    deployment.start_web()
    deployment.clock.advance(timedelta(seconds=15))
    eventually(lambda: deployment.received(ANA, CRISIS) == 1, "the crisis text")
    eventually(lambda: deployment.received(NOOR, "STAT case 1") == 1, "the page")
    texting.join()
    with deployment.app.app_context():
        [kept] = db.session.scalars(select(InboundMessage))
        assert (kept.disposition, kept.priority) == ("escalation", 4)
        assert len(db.session.scalars(select(Escalation)).all()) == 1
        db.session.rollback()
    assert deployment.received(ANA, CRISIS) == 1
    eventually(lambda: deployment.breaches() == {}, f"a sound database: {deployment.breaches()}")


def _prompted_at(deployment: Deployment) -> bool:
    with deployment.app.app_context():
        claimed = select(OutboundMessage.claimed_at).where(OutboundMessage.kind == "prompt")
        return any(db.session.scalars(claimed))


def test_clock_killed_between_sending_and_recording_sends_no_prompt_twice(deployment: Deployment) -> None:
    """The web is down too, so no report tells what became of the text: only the look-up at the carrier can."""
    clock = deployment.start_clock("after_send")
    deployment.clock.advance(timedelta(minutes=2))
    clock.wait_until_paused()
    eventually(lambda: deployment.received(ANA, PROMPT) == 1, "the prompt")
    clock.kill()
    with deployment.app.app_context():
        [prompt] = db.session.scalars(select(OutboundMessage).where(OutboundMessage.kind == "prompt"))
        assert (prompt.message_sid, prompt.send_at) == (None, None)
        db.session.rollback()

    deployment.start_clock()
    eventually(lambda: _sid_of_prompt(deployment) is not None, "the look-up")
    assert deployment.received(ANA, PROMPT) == 1
    assert deployment.breaches() == {}


def _sid_of_prompt(deployment: Deployment) -> str | None:
    with deployment.app.app_context():
        return db.session.scalar(select(OutboundMessage.message_sid).where(OutboundMessage.kind == "prompt"))


def test_clock_killed_between_claiming_and_sending_loses_no_prompt(small_deployment: Deployment) -> None:
    clock = small_deployment.start_clock("before_send")
    small_deployment.clock.advance(timedelta(minutes=2))
    clock.wait_until_paused()
    eventually(lambda: _prompted_at(small_deployment), "the claim")
    clock.kill()
    assert small_deployment.received(ANA, PROMPT) == 0
    small_deployment.start_clock()
    eventually(lambda: small_deployment.received(ANA, PROMPT) == 1, "the prompt")
    eventually(lambda: _sid_of_prompt(small_deployment) is not None, "its record")
    assert small_deployment.received(ANA, PROMPT) == 1
    assert small_deployment.breaches() == {}


def test_a_page_in_flight_when_the_clock_is_killed_still_arrives(small_deployment: Deployment) -> None:
    small_deployment.start_web()
    small_deployment.text(ANA, "I am going to kill myself tonight").join()
    eventually(lambda: small_deployment.received(ANA, CRISIS) == 1, "the crisis text")
    clock = small_deployment.start_clock("before_send")
    clock.wait_until_paused()
    clock.kill()
    small_deployment.start_clock()
    eventually(lambda: small_deployment.received(NOOR, "STAT case 1") >= 1, "the page")


def test_three_clock_processes_send_each_prompt_once(deployment: Deployment) -> None:
    more = [f"+155555503{number:02}" for number in range(7)]
    deployment.enrol(*more)
    deployment.start_web()
    for _ in range(3):
        deployment.start_clock()
    deployment.clock.advance(timedelta(minutes=2))
    eventually(lambda: all(deployment.received(number, PROMPT) for number in (ANA, *more)), "a prompt for everybody")
    deployment.clock.advance(timedelta(minutes=1))
    eventually(lambda: _all_settled(deployment), "every text followed to its end")
    assert [deployment.received(number, PROMPT) for number in (ANA, *more)] == [1] * 8
    assert deployment.breaches() == {}


def _all_settled(deployment: Deployment) -> bool:
    with deployment.app.app_context():
        return set(db.session.scalars(select(OutboundMessage.state))) == {"delivered"}
