"""What re-dates a round, read strictly, and what became of it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from deadlines.phrases import Reading, ReadingMode, read_phrase
from states import forms
from states.errors import PayloadInvalid, Problem
from states.payload import MAX_TEXT, clean, read_payload
from states.vocabulary import RoundEvent
from workflow.rows import RoundRow, StageRow


class Left(StrEnum):
    """Why a member is left alone when its round is re-dated."""

    MET = "met"
    PASSED_AGAIN = "passed_again"
    OTHER_CUTOFF = "other_cutoff"
    PUT_OFF = "put_off"
    GONE_ON = "gone_on"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What re-dates a round.

    Attributes:
        stage: The stage whose date moves.
        phrase: The new date in the paper's own words.
        document_no, document_date: The paper (number; local date).
        reason: Why.
        reading: How the words are read; ``lenient`` is a person's explicit choice.
        exception: Number of the written exception, where the new date outlasts the national term.
        document_signer: Who signed, where that is known.
    """

    stage: str
    phrase: str
    document_no: str
    document_date: str
    reason: str
    reading: ReadingMode = "strict"
    exception: str | None = None
    document_signer: str | None = None


@dataclass(frozen=True, slots=True)
class Redated:
    """A round and its members after a re-dating, or as they would be.

    Attributes:
        before, after: The deadline that ruled and the one that rules now.
        moved: Members whose running deadline moved.
        back: Members that came back to the state they left.
        again: Those among ``back`` that miss the new date as well, so that they are deferred again at once.
        left: Cases of the round that stay as they are, and why.
        replayed: Whether the same command had been carried out before.
    """

    round: RoundRow
    before: StageRow
    after: StageRow
    moved: tuple[str, ...]
    back: tuple[str, ...]
    again: tuple[str, ...]
    left: tuple[tuple[str, Left], ...]
    replayed: bool = False


def read_notice(row: RoundRow, notice: Notice, today: date) -> tuple[dict[str, Any], dict[str, str], Reading]:
    """The paper and its words as an entry keeps them, and what the words mean.

    Args:
        row: The round; a year that the words leave unsaid is its own.
        notice: What was handed in.
        today: Local date; no paper is dated after it.

    Raises:
        PayloadInvalid: With every problem; words that are not understood are a question, not a guess.
    """
    given: dict[str, object] = {
        "document_no": notice.document_no,
        "document_date": notice.document_date,
        "document_signer": notice.document_signer,
        "exception": notice.exception,
    }
    problems: list[Problem] = []
    data: dict[str, Any] = {}
    texts: dict[str, str] = {}
    try:
        data, texts = read_payload(forms.REDATE, given)
    except PayloadInvalid as invalid:
        problems += invalid.problems
    if str(data.get("document_date", "")) > today.isoformat():
        problems.append(Problem("/document_date", "in_future"))
    try:
        texts["reason"] = clean(notice.reason).strip()
        if not texts["reason"]:
            problems.append(Problem("/reason", "reason_required"))
        if len(texts["reason"]) > MAX_TEXT:
            problems.append(Problem("/reason", "too_long"))
    except ValueError as error:
        problems.append(Problem("/reason", str(error)))
    reading = read_phrase(notice.phrase, year=row.year, reading=notice.reading)
    detail = {"phrase": notice.phrase, "low": row.year, "high": row.year}
    if reading.question is not None:
        problems.append(Problem("/phrase", str(reading.question), detail))
    elif reading.cutoff is None or not reading.armed:
        problems.append(Problem("/phrase", "no_end_named", {"phrase": notice.phrase}))
    if problems:
        raise PayloadInvalid(problems, event=RoundEvent.REDATE)
    return {**data, "stage": notice.stage, "phrase": notice.phrase, "reading": notice.reading}, texts, reading
