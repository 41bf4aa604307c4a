"""What stands between a browser and the console: the sign-in guard, the CSRF check and the response headers."""

from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, abort, current_app, flash, g, redirect, request, session, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response as AnyResponse

from backend.domain.roles import WHO_MAY_ACT
from backend.services.clinic import accounts
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.staff import Staff
from backend.web.current import house

TOKEN = "token"  # noqa: S105 - the name of the session's one entry, not a secret
OPEN_ENDPOINTS = frozenset({"console.sign_in", "console.sign_in_form"})
QUIET_PATH = "/live/"
"""What refreshes itself lies below this path and never counts as activity, or nobody would ever be idle."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # same-origin: the CSRF check over https wants to see our own pages as the referrer; nobody else sees any.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
}
TWO_YEARS = 63_072_000

csrf = CSRFProtect()


def guard(console: Blueprint) -> None:
    """Every page of the console is for signed-in staff, and every form must be our own."""
    console.before_request(only_signed_in)
    console.before_request(csrf.protect)


def protect(app: Flask) -> None:
    """Prepare the CSRF check, and give every response its headers."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # the carrier and the API carry no cookie; only the console is checked
    csrf.init_app(app)
    app.after_request(add_headers)


# Who is there --------------------------------------------------------------------------------------------------------


def only_signed_in() -> AnyResponse | None:
    """Let signed-in staff through; send everybody else to the sign-in page, and back afterwards."""
    if request.endpoint in OPEN_ENDPOINTS:
        return None
    quiet = request.path.startswith(QUIET_PATH)
    token = session.get(TOKEN)
    staff = accounts.signed_in(token, house().machine_now(), touch=not quiet) if isinstance(token, str) else None
    if staff is None:
        return _to_sign_in(had_session=token is not None, quiet=quiet)
    g.staff, g.clinic = staff, db.session.get_one(Clinic, staff.clinic_id)
    return None


def me() -> Staff:
    staff: Staff = g.staff
    return staff


def my_clinic() -> Clinic:
    clinic: Clinic = g.clinic
    return clinic


def may_act() -> bool:
    """Whether whoever is signed in may do more than read."""
    return me().role in WHO_MAY_ACT


def only_who_may_act() -> None:
    if not may_act():
        abort(403)


def actor() -> str:
    return f"staff:{me().id}"


def _to_sign_in(*, had_session: bool, quiet: bool) -> AnyResponse:
    session.pop(TOKEN, None)
    if had_session:
        flash("You were signed out because nothing happened for a while. Please sign in again.", "info")
    if quiet:  # a page that was refreshing itself goes back to where it stood
        here = safe_next(request.headers.get("HX-Current-URL", "").removeprefix(request.host_url.rstrip("/")))
        return Response(status=204, headers={"HX-Redirect": _sign_in_url(here)})
    return redirect(_sign_in_url(request.full_path.rstrip("?") if request.method == "GET" else "/"))


def _sign_in_url(then: str) -> str:
    query = f"?{urlencode({'next': then})}" if safe_next(then) not in ("/", "") else ""
    return url_for("console.sign_in_form") + query


def safe_next(target: str) -> str:
    """A path of this console to go on to; `/` for whatever else was given."""
    own = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return target if own else "/"


# Headers -------------------------------------------------------------------------------------------------------------


def add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if house().public_url.startswith("https://"):
        response.headers.setdefault("Strict-Transport-Security", f"max-age={TWO_YEARS}; includeSubDomains")
    if request.blueprint == "console" or response.mimetype == "text/html":
        response.headers["Cache-Control"] = "no-store"
    elif request.endpoint == "static":
        _cache_static(response)
    return response


def _cache_static(response: Response) -> None:
    """A vendored file has its version in its name and our own carry their digest, so both may be kept for good."""
    if request.path.startswith(f"{current_app.static_url_path}/vendor/") or "v" in request.args:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
