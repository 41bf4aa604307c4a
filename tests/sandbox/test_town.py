"""The town clock: forward only, and the same for every process."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import run
from zoneinfo import ZoneInfo

import pytest

from backend.sandbox.durations import duration
from backend.sandbox.town import TownClock
from tests.sandbox.conftest import World

MOMENT = timedelta(seconds=5)


def test_it_tells_real_time_until_it_is_moved(tmp_path: Path) -> None:
    clock = TownClock(tmp_path / "none" / "clock.json")
    assert abs(clock.now() - datetime.now(UTC)) < MOMENT
    assert clock.now().tzinfo is UTC


def test_it_moves_for_everybody_who_holds_the_file(tmp_path: Path) -> None:
    mine, yours = TownClock(tmp_path / "clock.json"), TownClock(tmp_path / "clock.json")
    yours.now()
    told = mine.advance(timedelta(hours=4))
    assert abs(told - datetime.now(UTC) - timedelta(hours=4)) < MOMENT
    assert yours.offset() == timedelta(hours=4)
    yours.advance(timedelta(seconds=1.5))
    assert mine.offset() == timedelta(hours=4, seconds=1.5)
    assert json.loads((tmp_path / "clock.json").read_text()) == {"offset_seconds": 14401.5}


def test_it_moves_from_another_process(tmp_path: Path) -> None:
    clock = TownClock(tmp_path / "clock.json")
    clock.advance(timedelta(minutes=1))
    script = (
        "import sys; from datetime import timedelta; from pathlib import Path;"
        "from backend.sandbox.town import TownClock;"
        "TownClock(Path(sys.argv[1])).advance(timedelta(days=1))"
    )
    run([sys.executable, "-c", script, str(tmp_path / "clock.json")], check=True, timeout=30)  # noqa: S603 - our own
    assert clock.offset() == timedelta(days=1, minutes=1)


def test_it_never_goes_backwards(tmp_path: Path) -> None:
    clock = TownClock(tmp_path / "clock.json")
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(timedelta(seconds=-1))
    with pytest.raises(ValueError, match="fifty years"):
        clock.advance(timedelta(days=365 * 51))
    assert clock.offset() == timedelta()


def test_it_loses_no_move_when_many_move_it(tmp_path: Path) -> None:
    def move(_: int) -> None:
        TownClock(tmp_path / "clock.json").advance(timedelta(seconds=1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(move, range(64)))
    assert TownClock(tmp_path / "clock.json").offset() == timedelta(seconds=64)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clock.json", "clock.json.lock"]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("PT4H", timedelta(hours=4)),
        ("P1D", timedelta(days=1)),
        ("P2W", timedelta(weeks=2)),
        ("P1DT2H30M", timedelta(days=1, hours=2, minutes=30)),
        ("PT1.5S", timedelta(seconds=1.5)),
        ("PT0S", timedelta()),
    ],
)
def test_it_reads_durations(text: str, span: timedelta) -> None:
    assert duration(text) == span


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "4h", "PT4", "P1M", "P1Y", "-PT4H", "PT-4H", "PT٤H", "pt4h"])
def test_it_refuses_other_durations(world: World, text: str) -> None:
    with pytest.raises(ValueError, match="ISO 8601"):
        duration(text)
    answer = world.http.post("/clock", json={"advance": text})
    assert answer.status_code == 422
    assert "PT4H" in answer.get_json()["error"]


def test_it_moves_by_http(world: World) -> None:
    moved = world.http.post("/clock", json={"advance": "PT4H"}).get_json()
    assert moved["ahead_seconds"] == 4 * 3600
    assert abs(datetime.fromisoformat(moved["now"]) - datetime.now(UTC) - timedelta(hours=4)) < MOMENT
    assert world.http.get("/clock").get_json()["ahead_seconds"] == 4 * 3600


def test_it_moves_to_a_moment(world: World) -> None:
    wanted = (datetime.now(UTC) + timedelta(days=3)).astimezone(ZoneInfo("America/Denver"))
    world.http.post("/clock", json={"to": wanted.isoformat()})
    assert abs(world.carrier.town.now() - wanted) < MOMENT
    back = world.http.post("/clock", json={"to": "2020-01-01T00:00:00Z"})
    assert (back.status_code, back.get_json()) == (422, {"error": "the town clock never goes backwards"})
    assert world.http.post("/clock", json={"to": "2099-01-01T00:00:00"}).status_code == 422


def test_it_moves_to_the_next_morning_of_a_zone(world: World) -> None:
    for _ in range(2):
        before = world.carrier.town.now()
        world.http.post("/clock", json={"next": "09:00", "zone": "America/Los_Angeles"})
        there = world.carrier.town.now().astimezone(ZoneInfo("America/Los_Angeles"))
        assert (there.hour, there.minute) == (9, 0)
        assert timedelta() < there - before <= timedelta(days=1, hours=1, seconds=5)


@pytest.mark.parametrize(
    "given",
    [{}, {"advance": "PT1H", "to": "x"}, {"advance": 4}, {"next": "25:00"}, {"next": "09:00", "zone": "Mars"}, []],
)
def test_it_says_how_to_move(world: World, given: object) -> None:
    assert world.http.post("/clock", json=given).status_code == 422
    assert world.carrier.town.offset() == timedelta()
