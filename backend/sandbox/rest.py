"""Twilio's REST API as far as Aftercare needs it: Messages and Calls, with Basic auth and Twilio's own JSON."""

import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from backend.sandbox import segments
from backend.sandbox.carrier import Carrier
from backend.sandbox.codes import DELIVERY_ERRORS, Refused
from backend.sandbox.ledger import Call, Message
from backend.sandbox.orders import call_order, text_order
from backend.sandbox.texts import NOT_YET_ASSIGNED
from backend.sandbox.voice import OVER, duration_of

API_VERSION = "2010-04-01"
_PAGE, _LARGEST_PAGE = 50, 1000
Answer = Response | tuple[Response | str, int]


def rest_api(carrier: Carrier) -> Blueprint:
    """Build the API of one account."""
    api = Blueprint("rest", __name__, url_prefix=f"/{API_VERSION}/Accounts/<account>")
    api.before_request(lambda: _authorise(carrier))
    api.register_error_handler(Refused, _refusal)
    _add_messages(api, carrier)
    _add_one_message(api, carrier)
    _add_calls(api, carrier)
    return api


def _add_messages(api: Blueprint, carrier: Carrier) -> None:
    def show(message: Message) -> dict[str, Any]:
        return message_json(carrier, message)

    @api.post("/Messages.json")
    def create_message(account: str) -> Answer:  # noqa: ARG001 - checked before every request
        order = text_order(request.form, carrier.town.now(), carrier.settings.default_number)
        return jsonify(show(carrier.texts.accept(order))), 201

    @api.get("/Messages.json")
    def list_messages(account: str) -> Answer:
        return jsonify(_page("messages", account, message_filter(request.args), carrier.ledger.messages, show))


def _add_one_message(api: Blueprint, carrier: Carrier) -> None:
    def show(message: Message) -> dict[str, Any]:
        return message_json(carrier, message)

    def known(sid: str) -> Message:
        message = carrier.ledger.message(sid)
        if message is None:
            raise Refused(20404)
        return message

    @api.get("/Messages/<sid>.json")
    def fetch_message(account: str, sid: str) -> Answer:  # noqa: ARG001 - as above
        return jsonify(show(known(sid)))

    @api.post("/Messages/<sid>.json")
    def update_message(account: str, sid: str) -> Answer:  # noqa: ARG001 - as above
        message = known(sid)
        if request.form.get("Status") == "canceled":
            return jsonify(show(carrier.texts.cancel(message)))
        if request.form.get("Body") == "":
            return jsonify(show(carrier.texts.redact(message)))
        raise Refused(20001)

    @api.delete("/Messages/<sid>.json")
    def delete_message(account: str, sid: str) -> Answer:  # noqa: ARG001 - as above
        carrier.texts.delete(known(sid))
        return "", 204


def _add_calls(api: Blueprint, carrier: Carrier) -> None:
    def show(call: Call) -> dict[str, Any]:
        return call_json(carrier, call)

    def known(sid: str) -> Call:
        call = carrier.ledger.call(sid)
        if call is None:
            raise Refused(20404)
        return call

    @api.post("/Calls.json")
    def create_call(account: str) -> Answer:  # noqa: ARG001 - checked before every request
        return jsonify(show(carrier.voice.accept(call_order(request.form)))), 201

    @api.get("/Calls.json")
    def list_calls(account: str) -> Answer:
        return jsonify(_page("calls", account, _call_filter(), carrier.ledger.calls, show))

    @api.get("/Calls/<sid>.json")
    def fetch_call(account: str, sid: str) -> Answer:  # noqa: ARG001 - as above
        return jsonify(show(known(sid)))

    @api.post("/Calls/<sid>.json")
    def update_call(account: str, sid: str) -> Answer:  # noqa: ARG001 - as above
        return jsonify(show(carrier.voice.end(known(sid), request.form.get("Status", ""))))


def _authorise(carrier: Carrier) -> Answer | None:
    """Refuse a stranger with 20003, and a known customer who asks for somebody else's account with 20404."""
    given, settings = request.authorization, carrier.settings
    user = (given.username or "") if given and given.type == "basic" else ""
    password = (given.password or "") if given and given.type == "basic" else ""
    right_user = hmac.compare_digest(user.encode(), settings.account_sid.encode())
    right_password = hmac.compare_digest(password.encode(), settings.auth_token.encode())
    if not (right_user and right_password):
        return _refusal(Refused(20003))
    if (request.view_args or {}).get("account") != settings.account_sid:
        return _refusal(Refused(20404))
    return None


def _refusal(refused: Refused) -> Answer:
    response = jsonify(
        code=refused.code,
        message=refused.message,
        more_info=f"https://www.twilio.com/docs/errors/{refused.code}",
        status=refused.status,
    )
    if refused.status == Refused(20003).status:
        response.headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    return response, refused.status


def http_error(error: HTTPException) -> Answer:
    """Say that a path or a method is not there, as Twilio does."""
    return _refusal(Refused(20004 if isinstance(error, MethodNotAllowed) else 20404))


def message_json(carrier: Carrier, message: Message) -> dict[str, Any]:
    """Show a text as Twilio's Message resource; a service picks the sender, and counts, only once it is queued."""
    waiting = message.status in NOT_YET_ASSIGNED
    home = f"/{API_VERSION}/Accounts/{carrier.settings.account_sid}/Messages/{message.sid}"
    return {
        "account_sid": carrier.settings.account_sid,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": rfc2822(message.created_at),
        "date_sent": rfc2822(message.sent_at),
        "date_updated": rfc2822(message.updated_at),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": DELIVERY_ERRORS.get(message.error_code) if message.error_code else None,
        "from": None if waiting else message.sender,
        "messaging_service_sid": message.service_sid,
        "num_media": str(message.media),
        "num_segments": "0" if waiting else str(segments.count(message.body)),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{home}/Media.json"},
        "to": message.recipient,
        "uri": f"{home}.json",
    }


def call_json(carrier: Carrier, call: Call) -> dict[str, Any]:
    """Show a call as Twilio's Call resource."""
    home = f"/{API_VERSION}/Accounts/{carrier.settings.account_sid}/Calls/{call.sid}"
    return {
        "account_sid": carrier.settings.account_sid,
        "answered_by": None,
        "api_version": API_VERSION,
        "caller_name": "",
        "date_created": rfc2822(call.created_at),
        "date_updated": rfc2822(call.updated_at),
        "direction": "outbound-api",
        "duration": str(duration_of(call)) if call.status in OVER else None,
        "end_time": rfc2822(call.ended_at),
        "forwarded_from": None,
        "from": call.sender,
        "from_formatted": call.sender,
        "group_sid": None,
        "parent_call_sid": None,
        "phone_number_sid": None,
        "price": None,
        "price_unit": "USD",
        "queue_time": "0",
        "sid": call.sid,
        "start_time": rfc2822(call.started_at),
        "status": call.status,
        "subresource_uris": {},
        "to": call.recipient,
        "to_formatted": call.recipient,
        "trunk_sid": None,
        "uri": f"{home}.json",
    }


def rfc2822(at: float | None) -> str | None:
    return None if at is None else format_datetime(datetime.fromtimestamp(at, UTC))


Filter = tuple[list[str], list[object]]
_DAY = 86_400


def message_filter(args: Mapping[str, str]) -> Filter:
    """Read To, From and DateSent; a text that is not sent yet has no DateSent and falls out, as at Twilio."""
    conditions, values = _ends(args)
    if args.get("DateSent"):
        day = _moment(args["DateSent"]) // _DAY * _DAY
        conditions.append("sent_at >= ? AND sent_at < ?")
        values += [day, day + _DAY]
    for name, condition in {"DateSent<": "sent_at <= ?", "DateSent>": "sent_at >= ?"}.items():
        if args.get(name):
            conditions.append(condition)
            values.append(_moment(args[name]))
    return conditions, values


def _call_filter() -> Filter:
    conditions, values = _ends(request.args)
    if request.args.get("Status"):
        conditions.append("status = ?")
        values.append(request.args["Status"])
    return conditions, values


def _ends(args: Mapping[str, str]) -> Filter:
    wanted = {"recipient = ?": args.get("To"), "sender = ?": args.get("From")}
    return [sql for sql, value in wanted.items() if value], [value for value in wanted.values() if value]


def _moment(text: str) -> float:
    """Read a GMT day or moment; raises Refused."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(20001) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _page(
    name: str,
    account: str,
    wanted: Filter,
    select: Callable[..., list[Any]],
    show: Callable[[Any], dict[str, Any]],
) -> dict[str, Any]:
    """List newest first. A PageToken says after which resource to go on, so that new ones do not shift the pages."""
    size = min(max(_number("PageSize", _PAGE), 1), _LARGEST_PAGE)
    page, token = _number("Page", 0), request.args.get("PageToken", "")
    conditions, values = wanted
    if token:
        conditions, values = [*conditions, "id < ?"], [*values, _after(token)]
    where = " AND ".join(f"({condition})" for condition in conditions) or "1"
    found = select(where, values, limit=size + 1, offset=0 if token else page * size)
    shown, home = found[:size], f"/{API_VERSION}/Accounts/{account}/{name.title()}.json"
    following = f"PA{shown[-1].id:032x}" if len(found) > size else ""
    return {
        name: [show(item) for item in shown],
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(len(shown) - 1, 0),
        "uri": _uri(home, size, page, token),
        "first_page_uri": _uri(home, size, 0),
        "next_page_uri": _uri(home, size, page + 1, following) if following else None,
        "previous_page_uri": _uri(home, size, page - 1) if page else None,
    }


def _after(token: str) -> int:
    try:
        return int(token.removeprefix("PA"), 16) & (2**63 - 1)
    except ValueError:
        raise Refused(20001) from None


def _number(name: str, usual: int) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else usual


def _uri(home: str, size: int, page: int, token: str = "") -> str:
    kept = [(key, value) for key, value in request.args.items() if key not in ("PageSize", "Page", "PageToken")]
    pages = [("PageSize", str(size)), ("Page", str(page))] + ([("PageToken", token)] if token else [])
    return f"{home}?{urlencode([*kept, *pages])}"
