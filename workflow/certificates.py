"""What a recognition does to certificates: one is issued, an earlier one of the product is upgraded or superseded."""

from datetime import date
from typing import Any

from deadlines.terms import certificate_last_day
from states.lifecycle import CERTIFICATE
from states.vocabulary import CertificateEvent, CertificateState, Level
from workflow.ports import Change
from workflow.recording import Act, Scribe
from workflow.rows import CaseRow, CertificateRow, SubjectKind


def certificate_code(case: str) -> str:
    """The code of the certificate that a case ends in; a case is certified once."""
    return f"GCN-{case}"


def certified_changes(  # noqa: PLR0913
    scribe: Scribe, case: CaseRow, old: CertificateRow | None, stars: int, level: Level, data: dict[str, Any], act: Act
) -> list[Change]:
    """The changes of certificates that go with a recognition.

    Args:
        scribe: Writes the entries.
        case: The case after its recognition.
        old: The certificate that the case started from.
        stars: Rank recognised.
        level: Level whose authority recognises it.
        data: The decision (``decision_no``, ``decision_date``).
        act: The act on the case; who, when and behind which names is the same.

    The life of a certificate is 36 months from its decision; its last valid day is the corresponding day (Civil Code 2015, art. 147-148).
    """
    decided = date.fromisoformat(str(data["decision_date"]))
    issue = CERTIFICATE.move(None, CertificateEvent.ISSUE)
    code = certificate_code(case.code)
    issued = scribe.subject(
        SubjectKind.CERTIFICATE,
        None,
        code,
        _beside(
            act,
            str(issue.event),
            None,
            str(issue.target),
            {
                "case": case.code,
                "product": case.product,
                "stars": stars,
                "level": str(level),
                "decision_no": str(data["decision_no"]),
                "decided_on": decided.isoformat(),
                "last_valid_day": certificate_last_day(decided).isoformat(),
                "replaced_by": None,
            },
        ),
    )
    if old is None or old.state is not CertificateState.IN_FORCE:
        return [issued]
    move = CERTIFICATE.move(old.state, CertificateEvent.UPGRADE if stars > old.stars else CertificateEvent.SUPERSEDE)
    ended = _beside(act, str(move.event), str(old.state), str(move.target), {"replaced_by": code})
    return [issued, scribe.subject(SubjectKind.CERTIFICATE, old, old.code, ended)]


def _beside(act: Act, event: str, source: str | None, target: str, given: dict[str, Any]) -> Act:
    """The act on a certificate beside the act on its case."""
    return Act(
        event=event,
        command=act.command,
        effective_at=act.effective_at,
        received_at=act.received_at,
        source=source,
        target=target,
        regime=act.regime,
        clause=act.clause,
        actor=act.actor,
        duty=act.duty,
        set=given,
        texts={k: v for k, v in act.texts.items() if k.startswith("actor.")},
    )
