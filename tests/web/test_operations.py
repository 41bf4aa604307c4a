"""What an operator asks over HTTP: is it up, is it ready, how old is the oldest work."""

from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from backend.messaging.heartbeat import ping
from backend.services.operating.health import beat
from tests.town import Town


@pytest.fixture
def measured(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    town = Town(sqlite_url, tmp_path, metrics_token="m" * 20)
    town.found_clinics()
    yield town
    town.close()


def test_it_is_ready_only_while_the_clock_beats(town: Town) -> None:
    client = town.app.test_client()
    assert client.get("/livez").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "no clock process" in answer.json["checks"]["clock"]  # type: ignore[index] # it is JSON
    with town.inside():
        beat("clock", town.house)
    # The other clinic's only person is a manager, who stands on its last step: it is covered.
    assert client.get("/readyz").status_code == 200
    town.clock.advance(timedelta(minutes=2))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "no heartbeat for" in answer.text


def test_it_says_that_it_is_unsigned(town: Town) -> None:
    assert "UNSIGNED" in town.app.test_client().get("/readyz").text


def test_it_turns_red_when_a_clinic_has_nobody(town: Town) -> None:
    with town.inside():
        beat("clock", town.house)
        empty = town.found_clinic("Empty Clinic", "+15555550300")
        town.hire(empty, "Zoe Zero", "+15555550311", "auditor")
        clinic_id = str(empty.id)
    answer = town.app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert f"nobody to page at clinic {clinic_id}" in answer.text
    assert "empty" not in answer.text  # anybody may ask: no clinic is named


def test_it_shows_metrics_to_those_with_the_token_only(measured: Town) -> None:
    client = measured.app.test_client()
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    ana = measured.enrol_patient()
    measured.phone_of(ana).texts("I want to die")
    measured.clock.advance(timedelta(minutes=10))
    text = client.get("/metrics", headers={"Authorization": f"Bearer {'m' * 20}"}).text
    assert 'aftercare_open_cases{acknowledged="false",priority="stat"} 1.0' in text
    assert "aftercare_oldest_unread_seconds 0.0" in text
    oldest = next(line for line in text.splitlines() if line.startswith("aftercare_oldest_unacknowledged_seconds"))
    assert float(oldest.split()[1]) == pytest.approx(600, abs=30)


def test_it_hides_metrics_while_no_token_is_set(town: Town) -> None:
    assert town.app.test_client().get("/metrics").status_code == 404


def test_it_pings_an_outside_watcher() -> None:
    heard: list[str] = []

    class Watcher(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Watcher)
    Thread(target=server.handle_request, daemon=True).start()
    assert ping(f"http://127.0.0.1:{server.server_port}/beat")
    assert heard == ["/beat"]
    server.server_close()
    assert not ping(f"http://127.0.0.1:{server.server_port}/beat")
