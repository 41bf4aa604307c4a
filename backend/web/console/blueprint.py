"""The console's blueprint, which every feature puts its pages on."""

from flask import Blueprint

from backend.web.security import guard

console = Blueprint("console", __name__)
guard(console)
