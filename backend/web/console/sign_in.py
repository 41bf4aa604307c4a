"""Signing in and out."""

from flask import flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from backend.services.clinic import accounts
from backend.web.console.blueprint import console
from backend.web.current import house
from backend.web.security import TOKEN, safe_next

MOST_PASSWORD = 1024  # argon2 reads all of it


@console.get("/sign-in")
def sign_in_form() -> str:
    return render_template("console/sign_in.html", then=safe_next(request.args.get("next", "/")), email="", fault="")


@console.post("/sign-in")
def sign_in() -> Response | tuple[str, int]:
    """On to the page that was asked for. A wrong password, an unknown address and a locked account answer the same."""
    email, password = request.form.get("email", "")[:200], request.form.get("password", "")[:MOST_PASSWORD]
    then = safe_next(request.form.get("next", "/"))
    found = accounts.sign_in(email, password, house().machine_now())
    if found is None:
        fault = (
            "This e-mail address and password do not fit. After five wrong passwords an account rests for 15 minutes."
        )
        return render_template("console/sign_in.html", then=then, email=email, fault=fault), 422
    session.clear()  # a fresh session and a fresh CSRF token for whoever has just shown who they are
    session[TOKEN] = found[1]
    return redirect(then)


@console.post("/sign-out")
def sign_out() -> Response:
    accounts.sign_out(session.get(TOKEN, ""), house().machine_now())
    session.clear()
    flash("You are signed out.", "info")
    return redirect(url_for("console.sign_in_form"))


@console.get("/still-here")
def still_here() -> tuple[str, int]:
    """Somebody is typing: that is activity, too, though nothing was sent yet."""
    return "", 204
