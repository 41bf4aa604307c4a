"""Requests into a WSGI app, and a product told in the same process."""

from pathlib import Path

import requests
from flask import Flask, Response, redirect, request
from twilio.request_validator import RequestValidator
from werkzeug.wrappers import Response as AnyResponse

from backend.sandbox.account import AUTH_TOKEN, SandboxSettings
from backend.sandbox.adapter import WsgiAdapter, wsgi_post
from backend.sandbox.app import create_sandbox
from tests.sandbox.conftest import ANA, BASE


def make_product() -> Flask:
    app = Flask("product")

    @app.post("/twilio/inbound")
    def inbound() -> tuple[str, int, dict[str, str]]:
        signature = request.headers["X-Twilio-Signature"]
        right = RequestValidator(AUTH_TOKEN).validate(request.url, request.form.to_dict(), signature)
        answer = f"<Response><Message>{'right' if right else 'wrong'}</Message></Response>"
        return answer, 200, {"Content-Type": "text/xml"}

    @app.route("/echo", methods=["GET", "PUT"])
    def echo() -> Response:
        words = f"{request.method} {request.environ['RAW_URI']} {request.host} {request.get_data(as_text=True)}"
        return Response(words, status=418, headers={"X-Answer": "yes"}, mimetype="text/plain")

    @app.get("/away")
    def away() -> AnyResponse:
        return redirect("/echo?from=away")

    return app


def make_session() -> requests.Session:
    session = requests.Session()
    session.mount(BASE, WsgiAdapter(make_product()))
    return session


def test_it_carries_a_request_and_its_answer() -> None:
    answer = make_session().put(f"{BASE}/echo?o=%7E&x=ä", data="hällo".encode(), timeout=5)
    assert (answer.status_code, answer.reason, answer.headers["x-answer"]) == (418, "I'M A TEAPOT", "yes")
    assert answer.text == "PUT /echo?o=~&x=%C3%A4 aftercare.example hällo"
    assert answer.url == f"{BASE}/echo?o=~&x=%C3%A4"


def test_it_follows_redirects_as_a_session_does() -> None:
    assert make_session().get(f"{BASE}/away", timeout=5).text.startswith("GET /echo?from=away")


def test_it_tells_a_product_in_the_same_process(tmp_path: Path) -> None:
    product = make_product()
    settings = SandboxSettings(
        clock_path=tmp_path / "clock.json", webhook_base=BASE, webhook_post=wsgi_post(product.wsgi_app)
    )
    told = create_sandbox(settings).test_client().post(f"/handsets/{ANA}/texts", json={"body": "7 ä 😀"}).get_json()
    assert [reply["body"] for reply in told["replies"]] == ["right"]
