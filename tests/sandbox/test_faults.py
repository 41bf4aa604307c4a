"""Faults on demand, as the real client meets them."""

import json
from collections.abc import Callable
from time import monotonic

import pytest
from requests import ConnectionError as NoConnection
from requests import ReadTimeout

from tests.sandbox.conftest import ANA, CLINIC, World, make_client


def kept(world: World) -> int:
    return len(world.client.messages.list())


def set_next(world: World, do: str, times: int = 1, on: str = "create") -> None:
    assert world.http.post("/faults", json={"next": [{"do": do, "times": times, "on": on}]}).status_code == 200


@pytest.mark.parametrize(
    ("do", "status", "code", "accepted"),
    [
        ("500", 500, 20500, 0),
        ("500_accepted", 500, 20500, 1),
        ("429", 429, 20429, 0),
        ("502", 502, 502, 0),
    ],
)
def test_it_answers_with_an_error(world: World, do: str, status: int, code: int, accepted: int) -> None:
    set_next(world, do)
    assert world.refusal(world.send) == (status, code)
    assert kept(world) == accepted
    assert world.send().status == "queued"


@pytest.mark.parametrize(
    ("do", "error", "accepted"),
    [
        ("timeout_before", ReadTimeout, 0),
        ("timeout_after", ReadTimeout, 1),
        ("reset", NoConnection, 1),
        ("cut_json", json.JSONDecodeError, 1),
    ],
)
def test_it_leaves_the_caller_in_doubt(world: World, do: str, error: type[Exception], accepted: int) -> None:
    set_next(world, do)
    with pytest.raises(error):
        world.send()
    assert kept(world) == accepted
    assert world.send().status == "queued"


def test_it_plays_several_in_order(world: World) -> None:
    world.http.post("/faults", json={"next": [{"do": "429", "times": 2}, {"do": "500"}]})
    assert [world.refusal(world.send)[1] for _ in range(3)] == [20429, 20429, 20500]
    assert world.http.get("/faults").get_json()["next"] == []
    assert world.send().status == "queued"


def test_it_fails_reading_calls_only_when_told(world: World) -> None:
    set_next(world, "500")
    assert kept(world) == 0
    set_next(world, "500", on="any")
    assert world.refusal(lambda: world.client.messages("SM" + "0" * 32).fetch()) == (500, 20500)


def test_it_is_slow_on_demand(world: World) -> None:
    world.http.post("/faults", json={"latency_ms": 120})
    started = monotonic()
    assert world.send().status == "queued"
    assert monotonic() - started >= 0.12
    hurried = make_client(world.app, timeout=0.05)
    with pytest.raises(ReadTimeout):
        hurried.messages.create(to=ANA, from_=CLINIC, body="late")


def test_it_shows_and_clears_faults(world: World) -> None:
    world.http.post("/faults", json={"handsets_off": [ANA]})
    shown = world.http.post("/faults", json={"latency_ms": 5}).get_json()
    assert shown == {"latency_ms": 5, "next": [], "callbacks": "normal", "handsets_off": [ANA]}
    cleared = world.http.delete("/faults").get_json()
    assert cleared == {"latency_ms": 0, "next": [], "callbacks": "normal", "handsets_off": []}


@pytest.mark.parametrize(
    "given",
    [
        [],
        {"latency": 1},
        {"latency_ms": -1},
        {"latency_ms": True},
        {"next": {}},
        {"next": [{"do": "explode"}]},
        {"next": [{"do": "500", "times": "many"}]},
        {"next": [{"do": "500", "on": "weekends"}]},
        {"callbacks": "some"},
        {"handsets_off": "all"},
    ],
)
def test_it_says_which_fault_it_does_not_know(world: World, given: object) -> None:
    answer = world.http.post("/faults", json=given)
    assert answer.status_code == 422
    assert answer.get_json()["error"]
    assert world.http.get("/faults").get_json()["callbacks"] == "normal"


def test_it_leaves_the_page_sound(world: World) -> None:
    set_next(world, "500", times=3, on="any")
    checks: list[Callable[[], int]] = [
        lambda: world.http.get("/").status_code,
        lambda: world.http.get("/phones").status_code,
        lambda: world.http.post(f"/handsets/{ANA}/texts", json={"body": "hi"}).status_code // 201 * 200,
    ]
    assert [check() for check in checks] == [200, 200, 200]
