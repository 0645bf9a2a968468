"""Whose turn it is: read off the same offers that buttons and refusals come from."""

from collections.abc import Sequence

from api.pages.frame import Said
from states.chart import Offer
from states.refusal import Code
from states.vocabulary import Duty, Event
from states.words import Words

ASIDE = frozenset(
    {
        *(Event.WITHDRAW, Event.DEFER, Event.EXTEND, Event.SUSPEND, Event.RESUME, Event.ADMIT_LATE, Event.RETURN_FOR_COMPLETION),
        *(Event.ELIMINATE, Event.DECLINE, Event.REEVALUATE, Event.OVERRIDE),
    }
)
"""What may be done in many states, or beside the passage, and is nobody's next step."""

_OF_RIGHTS = frozenset({Code.FUNCTION_REQUIRED, Code.SEPARATION, Code.TIED_TO_PRODUCT, Code.PRINCIPAL_SEPARATION, Code.PRINCIPAL_TIED})


def waits_for(offers: Sequence[Offer], said: Words, t: Said) -> str:
    """For whom a case waits: events that nothing but the reader's own rights stands against, and who may do them."""
    waiting: dict[str, list[str]] = {}
    for offer in offers:
        rule = offer.rule
        if offer.allowed or rule is None or rule.duty is Duty.AUTOMATIC or offer.event in ASIDE:
            continue
        if all(reason.code in _OF_RIGHTS for reason in offer.reasons):
            waiting.setdefault(said.holder(offer.reasons[0].holder), []).append(said.name(offer.event))
    if not waiting:
        return ""
    return t("why.waits", what="; ".join(f"{who} – {', '.join(events)}" for who, events in waiting.items()))
