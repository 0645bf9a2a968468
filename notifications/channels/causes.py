"""Why something was not delivered, as codes that an operator reads in words."""

from enum import StrEnum


class Cause(StrEnum):
    """Keys of ``[cause]`` in ``states/labels``; the other side's own words stand beside them in the reply."""

    NOTHING_TO_CARRY = "nothing_to_carry"
    """The envelope has no words for a channel that carries words, or no event for one that carries events."""
    WORDS_FAILED = "words_failed"
    """The message could not be worded: our own fault, shown at the one message that it concerns."""
    OUTSIDE_HOURS = "outside_hours"
    """It is late, and the reader's office is closed: it leaves when the office opens."""
    ADDRESS_MALFORMED = "address_malformed"
    UNREACHABLE = "unreachable"
    """No name, no route, refused, or the connection broke before anything was handed over."""
    TOO_SLOW = "too_slow"
    NOT_UNDERSTOOD = "not_understood"
    """The other side does not speak the protocol."""
    TLS_FAILED = "tls_failed"
    """No encryption, or a certificate that is not to be trusted."""
    IN_DOUBT = "in_doubt"
    """Handed over completely, and no answer came."""

    MAIL_LOGIN = "mail_login"
    MAIL_SERVER_UNWILLING = "mail_server_unwilling"
    """The server wants nothing from this installation, whatever the message."""
    MAIL_DEFERRED = "mail_deferred"
    MAIL_NO_SUCH_ADDRESS = "mail_no_such_address"
    MAIL_BOX_FULL = "mail_box_full"
    MAIL_TOO_LARGE = "mail_too_large"
    MAIL_SENDER_REFUSED = "mail_sender_refused"
    MAIL_POLICY = "mail_policy"

    HOOK_UNKNOWN = "hook_unknown"
    """No receiver with this address is set up, so there is no secret to sign with."""
    HOOK_ADDRESS_FORBIDDEN = "hook_address_forbidden"
    HOOK_REDIRECTED = "hook_redirected"
    HOOK_GONE = "hook_gone"
    HOOK_BUSY = "hook_busy"
    HOOK_REFUSED = "hook_refused"
    HOOK_FAILED = "hook_failed"

    FILE_UNWRITABLE = "file_unwritable"

    PATIENCE_OVER = "patience_over"
    MOMENT_PASSED = "moment_passed"
    STILL_IN_DOUBT = "still_in_doubt"
    """In doubt twice: a third copy is for a person to decide."""
