"""Regimes: which law a case stands under, and what that law says about levels, bands, recognition and time.

Sources: QĐ 1048/QĐ-TTg (2019), QĐ 781/QĐ-TTg (2020), QĐ 148/QĐ-TTg (2023), QĐ 1489/QĐ-TTg (2025), QĐ 26/2026/QĐ-TTg. Bounds are exclusive local
midnights and do not roll to a working day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction

from states.errors import UnknownName
from states.vocabulary import CaseKind, CaseState, Level

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Viet Nam has kept +07:00 without change since 1975, so a fixed offset serves for the midnights of the law."""


def local_midnight(year: int, month: int, day: int) -> datetime:
    """The instant at which a local day begins."""
    return datetime(year, month, day, tzinfo=VIETNAM)


DISTRICTS_END = local_midnight(2025, 7, 1)
"""The district level ends (two-level local government). Acts of districts are refused from here on."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Regime:
    """One regime of the law.

    Attributes:
        id: Stable name.
        acts: The acts, as cited.
        filed_from, filed_before: Dossiers filed in this half-open interval stand under it (None: open).
        evaluated_before: Exclusive end of evaluation for first and upgrade cases; ``reassessed_before`` for reassessments.
        first_evaluation: The state that ``file`` leads to.
        levels: Levels that act, lowest first.
        bands: Stars and the lower bound of their mean, highest first; half-open upwards.
        uses_floors: Whether star floors limit the rank (the published minimums of 781/2020 are incomplete, so 1048 ranks by bands alone).
        recogniser: Level that recognises a rank.
        forward_from: Least mean with which a level's council sends a product up (absent: no threshold).
        idea_step: Whether selection of the idea is required before filing.
        statutory_rounds: Whether the act itself names round dates.
        clauses: Topic → citation, for history entries and refusals.
    """

    id: str
    acts: tuple[str, ...]
    filed_from: datetime
    filed_before: datetime | None
    evaluated_before: datetime | None
    reassessed_before: datetime | None
    first_evaluation: CaseState
    levels: tuple[Level, ...]
    bands: tuple[tuple[int, int], ...]
    uses_floors: bool
    recogniser: Mapping[int, Level]
    forward_from: Mapping[Level, int]
    idea_step: bool
    statutory_rounds: bool
    clauses: Mapping[str, str]

    def rank(self, mean: Fraction, missed: frozenset[int] | tuple[int, ...] = ()) -> int:
        """Stars of an exact mean: the highest band reached whose floors, and those below it, are not missed.

        Args:
            mean: Exact mean of the members' totals, 0 to 100.
            missed: Star levels (3, 4, 5) whose floor the council found missed.
        """
        floors = missed if self.uses_floors else ()
        return next(stars for stars, lower in self.bands if mean >= lower and not any(floor <= stars for floor in floors))

    def ends(self, kind: CaseKind) -> datetime | None:
        """Exclusive end of evaluation for a kind of case, None while the regime is open."""
        return self.reassessed_before if kind is CaseKind.REASSESSMENT else self.evaluated_before

    def clause(self, topic: str) -> str:
        """Citation for a topic."""
        return self.clauses[topic]


_PROGRAMME = "QĐ 490/QĐ-TTg, Phụ lục I"
_HOUSE = "Quy tắc của hệ thống"
_BANDS = ((5, 90), (4, 70), (3, 50), (2, 30), (1, 0))
_THREE_LEVELS = (Level.DISTRICT, Level.PROVINCE, Level.CENTRE)
_TWO_LEVELS = (Level.COMMUNE, Level.PROVINCE, Level.CENTRE)
_BY_PROVINCE = {3: Level.PROVINCE, 4: Level.PROVINCE, 5: Level.CENTRE}


def _clauses(evaluation: str, **special: str) -> dict[str, str]:
    topics = ("file", "check", "evaluate", "forward", "recognise", "nominate", "publish", "reassess")
    return {
        "idea": f"{_PROGRAMME}, bước 2",
        "plan": f"{_PROGRAMME}, bước 3",
        **dict.fromkeys(topics, evaluation),
        "round": "Kế hoạch OCOP của tỉnh",
        "house": _HOUSE,
        **special,
    }


REGIMES: tuple[Regime, ...] = (
    Regime(
        id="qd1048-2019",
        acts=("490/QĐ-TTg (2018)", "1048/QĐ-TTg (2019)", "781/QĐ-TTg (2020)"),
        filed_from=local_midnight(2019, 8, 21),
        filed_before=local_midnight(2023, 2, 24),
        evaluated_before=None,
        reassessed_before=None,
        first_evaluation=CaseState.DISTRICT_EVALUATION,
        levels=_THREE_LEVELS,
        bands=_BANDS,
        uses_floors=False,
        recogniser=_BY_PROVINCE,
        forward_from={Level.DISTRICT: 50, Level.PROVINCE: 90},
        idea_step=True,
        statutory_rounds=False,
        clauses=_clauses("QĐ 1048/QĐ-TTg (2019), sửa đổi bởi QĐ 781/QĐ-TTg (2020), quy trình đánh giá, phân hạng"),
    ),
    Regime(
        id="qd148-2023",
        acts=("919/QĐ-TTg (2022)", "148/QĐ-TTg (2023)"),
        filed_from=local_midnight(2023, 2, 24),
        filed_before=local_midnight(2025, 7, 6),
        evaluated_before=local_midnight(2026, 7, 22),
        reassessed_before=local_midnight(2026, 6, 22),
        first_evaluation=CaseState.DISTRICT_EVALUATION,
        levels=_THREE_LEVELS,
        bands=_BANDS,
        uses_floors=True,
        recogniser={3: Level.DISTRICT, 4: Level.PROVINCE, 5: Level.CENTRE},
        forward_from={Level.DISTRICT: 70, Level.PROVINCE: 90},
        idea_step=False,
        statutory_rounds=False,
        clauses=_clauses("QĐ 148/QĐ-TTg (2023), Phụ lục II"),
    ),
    Regime(
        id="qd1489-2025",
        acts=("148/QĐ-TTg (2023)", "1489/QĐ-TTg (2025)"),
        filed_from=local_midnight(2025, 7, 6),
        filed_before=local_midnight(2026, 5, 22),
        evaluated_before=local_midnight(2026, 7, 22),
        reassessed_before=local_midnight(2026, 6, 22),
        first_evaluation=CaseState.COMMUNE_CHECK,
        levels=_TWO_LEVELS,
        bands=_BANDS,
        uses_floors=True,
        recogniser=_BY_PROVINCE,
        forward_from={Level.PROVINCE: 90},
        idea_step=False,
        statutory_rounds=False,
        clauses=_clauses("QĐ 148/QĐ-TTg (2023), Phụ lục II, sửa đổi bởi QĐ 1489/QĐ-TTg (2025)"),
    ),
    Regime(
        id="qd26-2026",
        acts=("26/2026/QĐ-TTg",),
        filed_from=local_midnight(2026, 5, 22),
        filed_before=None,
        evaluated_before=None,
        reassessed_before=None,
        first_evaluation=CaseState.COMMUNE_CHECK,
        levels=_TWO_LEVELS,
        bands=_BANDS,
        uses_floors=True,
        recogniser=_BY_PROVINCE,
        forward_from={Level.PROVINCE: 90},
        idea_step=False,
        statutory_rounds=True,
        clauses=_clauses("QĐ 26/2026/QĐ-TTg, Điều 7", round="QĐ 26/2026/QĐ-TTg, Điều 5", reassess="QĐ 26/2026/QĐ-TTg, Điều 7 và Điều 12"),
    ),
)
_BY_ID = {regime.id: regime for regime in REGIMES}


def regime(regime_id: str) -> Regime:
    """The regime with this id.

    Raises:
        UnknownName: There is none.
    """
    try:
        return _BY_ID[regime_id]
    except KeyError:
        raise UnknownName(what="regime", name=regime_id, known=", ".join(_BY_ID)) from None


def regime_on(instant: datetime) -> Regime:
    """The regime under which a dossier filed at ``instant`` would stand.

    Raises:
        UnknownName: Before 21 August 2019 there was no national regime.
    """
    for candidate in REGIMES:
        if candidate.filed_from <= instant and (candidate.filed_before is None or instant < candidate.filed_before):
            return candidate
    raise UnknownName(what="regime", name=instant.astimezone(VIETNAM).date().isoformat(), known=", ".join(_BY_ID))


def local_date(instant: datetime) -> date:
    """The calendar day in Viet Nam."""
    return instant.astimezone(VIETNAM).date()
