"""Enrolling a patient."""

from collections.abc import Mapping

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from backend.domain.phone import as_dialled
from backend.domain.protocol import FLAGS, TRACKS
from backend.domain.schedule import zone_named
from backend.services.invalid import Invalid
from backend.services.patients.enrolment import Consent, Enrolment, enrol
from backend.web.console.blueprint import console
from backend.web.console.forms import Form, as_given
from backend.web.console.patients import CONSENT_METHODS
from backend.web.current import house
from backend.web.security import actor, my_clinic, only_who_may_act

FLAG_WORDS = {
    "bipolar": "Bipolar disorder",
    "postpartum": "Postpartum",
    "si_baseline": "Suicidal thoughts at baseline",
    "sud": "Substance use disorder",
    "coronary": "Coronary disease",
    "glaucoma": "Glaucoma",
    "alcohol": "Alcohol",
    "crps": "Complex regional pain syndrome",
    "co_sedative": "Takes another sedative",
}
TRACK_WORDS = {"both": "Mood and pain", "mood": "Mood first", "pain": "Pain first"}
LANGUAGE_WORDS = {"en": "English", "es": "Spanish"}
ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "Pacific/Honolulu", "America/Puerto_Rico",
)  # fmt: skip


@console.get("/patients/new")
def new_patient() -> str:
    only_who_may_act()
    clinic = my_clinic()
    here = house().now().astimezone(zone_named(clinic.timezone))
    given = {
        "timezone": clinic.timezone,
        "country": clinic.country,
        "language": "en",
        "track": "both",
        "consent.given_at": here.strftime("%Y-%m-%dT%H:%M"),
    }
    return _page({}, given)


@console.post("/patients/new")
def enrol_patient() -> Response | tuple[str, int]:
    only_who_may_act()
    form = Form()
    wanted = _enrolment(form)
    try:
        patient = enrol(my_clinic(), wanted, actor(), house())
    except Invalid as invalid:
        return _page(form.all_faults(invalid), as_given()), 422
    flash("Enrolled." if wanted.consent else "Enrolled without consent: no text goes out.", "done")
    return redirect(url_for("console.patient", patient_id=patient.id))


def _enrolment(form: Form) -> Enrolment:
    scores = {measure: form.score(f"baseline.{measure}") for measure in ("mood", "pain")}
    return Enrolment(
        given_name=form.text("given_name"),
        family_name=form.text("family_name"),
        phone=as_dialled(form.text("phone"), my_clinic().country),
        timezone=form.text("timezone"),
        language=form.text("language"),
        country=form.text("country"),
        track=form.text("track"),
        external_id=form.text("external_id") or None,
        flags=form.chosen("flags"),
        consent=_consent(form),
        baseline={measure: value for measure, value in scores.items() if value is not None},
        born_on=form.day("born_on"),
        window_opens=form.hour("window_opens"),
        window_closes=form.hour("window_closes"),
    )


def _consent(form: Form) -> Consent | None:
    if not form.text("consent.method"):
        return None
    given_at = form.moment("consent.given_at", zone_named(my_clinic().timezone))
    return Consent(given_at, form.text("consent.method"), form.text("consent.evidence"))


def _page(faults: Mapping[str, str], given: Mapping[str, object]) -> str:
    return render_template(
        "console/enrol.html",
        faults=faults,
        given=given,
        zones=sorted({*ZONES, my_clinic().timezone}),
        tracks={track: TRACK_WORDS[track] for track in TRACKS},
        flags={flag: FLAG_WORDS[flag] for flag in FLAGS},
        languages={code: LANGUAGE_WORDS.get(code, code) for code in house().clinical.texts.languages},
        countries={code: pack.name for code, pack in sorted(house().clinical.packs.items())},
        methods=CONSENT_METHODS,
    )
