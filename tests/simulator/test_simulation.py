"""A town played for weeks: the same seed tells the same story, and the safety case holds with and without faults."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from backend.app import build_app
from backend.simulator.faults import KNOWN, Faults, parse_faults
from backend.simulator.report import Figures, as_page, report_of
from backend.simulator.town import Simulation, Wanted
from backend.store.database import db
from backend.web.current import HOUSE
from tests.town import signed_files, town_settings

BEFORE_A_CHANGE = date(2026, 10, 12)
MANY_FAULTS = ",".join(f"{name}=0.05" for name in KNOWN)


def played(url: str, folder: Path, **changed: Any) -> Figures:
    """The report on 30 patients over 30 days, unless something else is said."""
    usual: dict[str, Any] = {"patients": 30, "days": 30, "seed": 4, "starts_on": BEFORE_A_CHANGE}
    app = build_app(town_settings(url, folder), signed=signed_files())
    with app.app_context():
        simulation = Simulation(app.extensions[HOUSE].clinical, Wanted(**(usual | changed)))
        simulation.play()
        figures = report_of(simulation)
        db.session.remove()
        db.engine.dispose()
    return figures


def test_three_weeks_of_twenty_patients_break_nothing(any_url: str, tmp_path: Path) -> None:
    figures = played(any_url, tmp_path, patients=20, days=21)
    assert figures["breaches"] == {}
    assert figures["town"]["patients"] == 20
    assert figures["check_ins"]["prompted"] > 50
    assert figures["check_ins"]["answered"] > 25
    assert figures["check_ins"]["prompted"] + figures["check_ins"]["skipped"] <= figures["check_ins"]["planned"]
    assert figures["texts"]["out_by_state"].keys() <= {"delivered", "failed"}  # withdrawn pages, answers to STOP
    assert figures["alerts"]["cases"] > 5
    assert figures["alerts"]["minutes_to_human"]["urgent"]["p50"] > 0
    assert figures["clocks"]["patients_whose_clocks_changed"] > 3
    page = as_page(figures)
    assert "ALERTS" in page
    assert "S12  Nobody sees" in page


def test_the_same_seed_gives_the_same_report_and_another_seed_another(sqlite_url: str, tmp_path: Path) -> None:
    def told(name: str, **changed: Any) -> str:
        copy = tmp_path / f"{name}.db"
        copy.write_bytes(Path(sqlite_url.removeprefix("sqlite:///")).read_bytes())
        faults = parse_faults(MANY_FAULTS)
        return json.dumps(played(f"sqlite:///{copy}", tmp_path, patients=6, days=14, faults=faults, **changed))

    first = told("first")
    assert told("again") == first
    assert told("other", seed=5) != first


def test_faults_strike_and_nothing_is_lost_or_sent_twice(any_url: str, tmp_path: Path) -> None:
    figures = played(any_url, tmp_path, patients=12, days=16, faults=parse_faults(MANY_FAULTS))
    assert figures["breaches"] == {}
    assert figures["texts"]["out_by_state"]["undelivered"] > 0
    assert figures["consent"]["opt_outs_by"]["carrier"] > 0
    assert figures["alerts"]["concerns"]["text_not_delivered"] > 0


def test_a_fault_that_is_not_asked_for_never_strikes() -> None:
    assert not any(Faults().strike(name, seed, "x") for name in KNOWN for seed in range(50))
    always = parse_faults("crashes=1")
    assert all(always.strike("crashes", seed, "x") for seed in range(50))


def test_a_breach_is_told_row_by_row() -> None:
    found = {"S1": ["score without its text: 7"]}
    page = as_page({"played": {"seed": 1}, "verify": {"S1": 1, "S2": 0}, "breaches": found})
    assert page.splitlines()[-3:] == [
        "  S1   Kept first                              1",
        "         score without its text: 7",
        "  S2   Everything ends somewhere               0",
    ]
