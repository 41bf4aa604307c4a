"""Twilio's error codes: the HTTP status and words of each, and the magic numbers that provoke them."""

REFUSALS: dict[int, tuple[int, str]] = {
    20001: (400, "Invalid parameter"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20009: (409, "Cannot delete message because delivery of message is not complete"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    21201: (400, "No 'To' number is specified"),
    21205: (400, "Url is not a valid URL"),
    21210: (400, "Source phone number not yet verified"),
    21211: (400, "The 'To' number is not a valid phone number"),
    21212: (400, "The 'From' number is not a valid phone number, shortcode, or alphanumeric sender ID"),
    21213: (400, "No 'From' number is specified"),
    21214: (400, "'To' phone number cannot be reached"),
    21215: (400, "Account not authorized to call the 'To' number"),
    21216: (400, "Account not allowed to call the 'To' number"),
    21217: (400, "Phone number does not appear to be valid"),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"),
    21602: (400, "Message body is required"),
    21603: (400, "A 'From' phone number is required"),
    21604: (400, "A 'To' phone number is required"),
    21606: (
        400,
        "The 'From' phone number provided is not a valid message-capable Twilio phone number for this account",
    ),
    21609: (400, "The 'StatusCallback' URL is not a valid URL"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "Message cannot be sent with the current combination of 'To' and/or 'From' parameters"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21623: (400, "Number of media files exceeds allowed limit"),
    30409: (400, "The message cannot be canceled because it is not scheduled"),
    35111: (400, "The 'SendAt' parameter is required to schedule a message"),
    35114: (400, "The 'SendAt' time must be between 300 seconds and 35 days in the future"),
    35118: (400, "The 'MessagingServiceSid' parameter is required to schedule a message"),
    90007: (400, "The 'ValidityPeriod' must be between 1 and 36000 seconds"),
}

DELIVERY_ERRORS: dict[int, str] = {
    14107: "Message reply rate limit hit",
    21610: "Attempt to send to unsubscribed recipient",
    30003: "Unreachable destination handset",
}

ALERTS: dict[int, str] = {
    11200: "HTTP retrieval failure: no answer in time",
    11205: "HTTP connection failure",
    11217: "HTTP status of an error from the webhook",
    11750: "TwiML response body too large",
    12100: "Document parse failure",
    12200: "Schema validation warning",
    12300: "Invalid Content-Type",
    14103: "Message: the body is empty or too long",
}

MAGIC_SENDERS = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
MAGIC_RECIPIENTS = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
MAGIC_CALLERS = {"+15005550001": 21212}
MAGIC_CALLEES = {"+15005550001": 21217, "+15005550002": 21214, "+15005550003": 21215, "+15005550004": 21216}


class Refused(Exception):  # noqa: N818 - a refusal is the carrier's answer, not the sandbox's error
    """The carrier will not do what was asked; `code` says why."""

    def __init__(self, code: int) -> None:
        self.code = code
        self.status, self.message = REFUSALS[code]
        super().__init__(f"{code}: {self.message}")
