"""The phones: their page, their texts, and who may touch them."""

from pathlib import Path

import pytest

from backend.sandbox.account import ACCOUNT_SID, settings_from
from tests.sandbox.conftest import ANA, BASE, CLINIC, NOOR, World


def test_it_lists_every_phone_latest_first(world: World) -> None:
    world.http.post(f"/handsets/{ANA}", json={"label": "Ana (patient)"})
    world.http.post(f"/handsets/{NOOR}", json={"label": "Noor (nurse)"})
    world.text("hello")
    shown = world.http.get("/handsets").get_json()
    assert [(phone["number"], phone["label"]) for phone in shown] == [(ANA, "Ana (patient)"), (NOOR, "Noor (nurse)")]
    assert shown[0]["last_text"]["body"] == "hello"


@pytest.mark.parametrize("spelled", [ANA, ANA.replace("+", "%2B"), ANA.removeprefix("+")])
def test_it_takes_a_number_however_it_is_spelled(world: World, spelled: str) -> None:
    world.http.post(f"/handsets/{spelled}/texts", json={"body": "hello"})
    assert world.http.get(f"/handsets/{spelled}/texts").get_json()["number"] == ANA
    assert world.client.messages.list(from_=ANA)[0].body == "hello"


def test_it_shows_what_a_phone_got_and_all_that_passed(world: World) -> None:
    world.product.says("Thank you")
    world.text("7")
    world.send("under way")
    shown = world.http.get(f"/handsets/{ANA}/texts").get_json()
    assert shown["texts"] == []
    assert [(text["direction"], text["body"]) for text in shown["thread"]] == [
        ("sent", "7"), ("received", "Thank you"), ("received", "under way"),
    ]  # fmt: skip
    world.pump()
    (first, second) = world.http.get(f"/handsets/{ANA}/texts").get_json()["texts"]
    assert (first["from"], first["to"], first["body"], first["status"]) == (CLINIC, ANA, "Thank you", "delivered")
    assert first["at"].endswith("Z")
    assert first["at"] < second["at"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"body": ""},
        {"body": 7},
        {"body": "x" * 1601},
        {"body": "x", "to": "clinic"},
        {"body": "x", "media": 11},
        [],
    ],
)
def test_it_refuses_what_no_phone_can_send(world: World, given: object) -> None:
    assert world.http.post(f"/handsets/{ANA}/texts", json=given).status_code == 422
    assert world.product.posts == []


def test_it_knows_no_phone_without_a_number(world: World) -> None:
    assert world.http.post("/handsets/ana/texts", json={"body": "x"}).status_code == 404
    assert world.http.get("/nowhere").get_json()["error"]


def test_it_tells_the_page_only_what_changed(world: World) -> None:
    world.text("hello")
    first = world.http.get("/phones").get_json()
    assert [phone["number"] for phone in first["phones"]] == [ANA]
    after = f"/phones?after={first['version']}"
    assert world.http.get(after).get_json()["phones"] == []
    world.send(to=NOOR)
    assert [phone["number"] for phone in world.http.get(after).get_json()["phones"]] == [NOOR]
    anew = world.http.get("/phones?after=999").get_json()
    assert anew["anew"]
    assert len(anew["phones"]) == 2


def test_it_refuses_other_sites(world: World) -> None:
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert world.http.post("/clock", json={"advance": "PT1H"}, headers=cross).status_code == 403
    assert world.http.post(f"/handsets/{ANA}/texts", json={"body": "x"}, headers=cross).status_code == 403
    same = {"Sec-Fetch-Site": "same-origin"}
    assert world.http.post("/clock", json={"advance": "PT1H"}, headers=same).status_code == 200


def test_its_page_needs_nothing_from_elsewhere(world: World) -> None:
    page = world.http.get("/")
    text = page.get_data(as_text=True)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "http://" not in text
    assert "https://" not in text
    assert "style=" not in text
    assert 'data-zone="America/New_York"' in text
    for name in ("phones.js", "phones.css", "phone.svg"):
        assert world.http.get(f"/static/{name}").status_code == 200


def test_it_keeps_where_each_number_is_told(world: World) -> None:
    given = {"number": CLINIC, "sms_url": f"{BASE}/hook", "sms_fallback_url": ""}
    assert world.http.post("/numbers", json=given).get_json() == given
    assert world.http.get("/numbers").get_json() == [given]
    assert world.http.post("/numbers", json={"number": CLINIC, "sms_url": "hook"}).status_code == 422


def test_its_settings_come_from_the_environment(tmp_path: Path) -> None:
    usual = settings_from({"VAR_DIR": str(tmp_path)})
    assert (usual.account_sid, usual.webhook_base) == (ACCOUNT_SID, "http://127.0.0.1:8000")
    assert usual.clock_path == tmp_path / "town-clock.json"
    own = settings_from(
        {"VAR_DIR": str(tmp_path), "PORT": "9000", "SANDBOX_NUMBER": "+15555550109", "TWILIO_AUTH_TOKEN": "t"}
    )
    assert (own.webhook_base, own.default_number, own.auth_token) == ("http://127.0.0.1:9000", "+15555550109", "t")
    assert settings_from({"VAR_DIR": str(tmp_path), "PUBLIC_URL": f"{BASE}/"}).webhook_base == BASE
