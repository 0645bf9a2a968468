"""Payloads of the cycle's events.

Sources: forms 01 (new product), 02 (existing product) and 03 (business plan) of the 2019 guidance; Mẫu 01-03 of QĐ 26/2026/QĐ-TTg; what a decision
or minutes carry by the regimes' procedure.
"""

from states.overriding import LIFTABLE
from states.payload import Field, Kind
from states.vocabulary import CaseKind, Stage

GROUPS = ("food", "drink", "herbal", "textile", "handicraft", "ornamental", "tourism")
"""Product groups over all regimes (QĐ 490/2018 and QĐ 148/2023, Appendix I)."""

NOVELTY = ("new", "existing")
ORIGINS = ("own_idea", "tradition", "suggested", "research")
CRITERIA = ("local_material", "local_labour", "identity", "market", "feasible", "environment")
"""What an idea is chosen by: local material, local labour, identity, market, feasibility, environment."""

VERDICTS = ("met", "partly", "not_met")
SECTIONS = ("organisation", "product", "market", "production", "finance", "schedule", "risks")
"""Sections of the business plan (form 03)."""

REPORT = ("origin_of_material", "local_labour", "origin_of_idea", "identity")
"""The four contents of the commune's report (Mẫu 03, QĐ 26/2026/QĐ-TTg)."""

KNOCK_OUTS = ("false_dossier", "food_safety_missing", "licence_missing", "rules_not_met")
DOCUMENTS = (
    "registration_sheet",
    "self_assessment",
    "business_registration",
    "eligibility",
    "material_source",
    "environment",
    "insured_labour",
    "accounts",
    "intellectual_property",
    "market",
    "story",
    "quality_declaration",
    "test_report",
    "traceability",
    "quality_management",
    "awards",
    "photographs",
)
"""Papers of a dossier (QĐ 26/2026/QĐ-TTg, Mẫu 02; the names of the earlier regimes are covered)."""


def _document(prefix: str = "document", *, required: bool = True) -> tuple[Field, ...]:
    return (
        Field(f"{prefix}_no", Kind.CODE, required),
        Field(f"{prefix}_date", Kind.DATE, required),
        Field(f"{prefix}_signer", Kind.TEXT),
    )


PAPER = _document()
"""The document of an act that is typed from paper later, where the event itself asks for none."""

REGISTER = (
    Field("kind", Kind.CHOICE, required=True, options=tuple(CaseKind)),
    Field("novelty", Kind.CHOICE, required=True, options=NOVELTY),
    Field("group", Kind.CHOICE, required=True, options=GROUPS),
    Field("origin", Kind.CHOICE, required=True, options=ORIGINS),
    Field("description", Kind.TEXT),
    Field("materials", Kind.TEXT),
    Field("changes", Kind.TEXT),
    Field("certificate", Kind.CODE),
)
SELECT = (
    *(Field(f"criterion_{name}", Kind.CHOICE, options=VERDICTS) for name in CRITERIA),
    *_document(),
)
DECLINE = SELECT
SUBMIT_PLAN = (
    Field("sections", Kind.CHOICES, required=True, options=SECTIONS),
    Field("capital_million", Kind.INTEGER),
    Field("jobs", Kind.INTEGER, high=100_000),
    Field("start", Kind.DATE),
    Field("end", Kind.DATE),
    Field("summary", Kind.TEXT),
)
FILE = (
    Field("documents", Kind.CHOICES, required=True, options=DOCUMENTS),
    Field("samples", Kind.INTEGER, high=1_000),
    Field("self_score", Kind.SCORE),
    Field("intake_no", Kind.CODE),
    Field("round", Kind.CODE),
)
FORWARD_DISTRICT = _document()
FORWARD_COMMUNE = (
    *(Field(f"report_{name}", Kind.CHOICE, required=True, options=VERDICTS) for name in REPORT),
    Field("samples", Kind.INTEGER, high=1_000),
    Field("note", Kind.TEXT),
    *_document(),
)
ACCEPT = (Field("samples", Kind.INTEGER, high=1_000), Field("note", Kind.TEXT))
CONCLUDE = (
    Field("mean", Kind.SCORE, required=True),
    Field("stars", Kind.INTEGER, low=1, high=5),
    Field("floors_missed", Kind.CHOICES, options=("3", "4", "5")),
    Field("sheets", Kind.INTEGER, low=1, high=99),
    Field("report_no", Kind.CODE, required=True),
    Field("report_date", Kind.DATE, required=True),
    *_document("minutes"),
)
DECISION = _document("decision")
NOMINATE = (*DECISION, Field("letter_no", Kind.CODE, required=True), Field("letter_date", Kind.DATE, required=True))
REEVALUATE = (*DECISION, Field("round", Kind.CODE))
NOTICE = (Field("notice_no", Kind.CODE, required=True), Field("notice_date", Kind.DATE, required=True))
ELIMINATE = (Field("knock_outs", Kind.CHOICES, required=True, options=KNOCK_OUTS), *_document("minutes"))
RETURN = (Field("documents", Kind.CHOICES, required=True, options=DOCUMENTS), Field("remarks", Kind.TEXT, required=True))
COMPLETE = (Field("documents", Kind.CHOICES, required=True, options=DOCUMENTS), Field("remarks", Kind.TEXT))
REENTER = (Field("round", Kind.CODE),)
ADMIT_LATE = (Field("until", Kind.DATE, required=True), *_document())
PUBLISH = (Field("published_on", Kind.DATE, required=True), Field("served_on", Kind.DATE, required=True), Field("notice_no", Kind.CODE))
OVERRIDE = (
    Field("step", Kind.CHOICE, required=True, options=tuple(map(str, LIFTABLE))),
    Field("overrides", Kind.CHOICES, required=True, options=tuple(sorted({str(code) for codes in LIFTABLE.values() for code in codes}))),
    Field("decision_no", Kind.CODE, required=True),
    Field("decision_date", Kind.DATE, required=True),
    Field("decision_signer", Kind.TEXT, required=True),
)
REDATE = (*_document(), Field("exception", Kind.CODE))
_TERM = Field("term", Kind.CHOICE, required=True, options=tuple(map(str, Stage)))
EXTEND = (_TERM, Field("days", Kind.INTEGER, required=True, low=1, high=366), *_document())
SUSPEND = (_TERM, *_document())
RESUME = (_TERM, *_document(required=False))

SUPPORT_KINDS = (
    *("training", "consulting", "packaging", "label", "quality", "intellectual_property", "technology"),
    *("trade_promotion", "e_commerce", "credit", "other"),
)
"""What a producer or product can be helped with, by the support policies that the provinces' plans name."""

LESSON_PARTS = ("achieved", "shortcoming", "cause", "proposal")
"""Parts of a year-end review (mục tổng kết of the provinces' plans)."""

ACTIVITY_STATUSES = ("under_way", "done", "cancelled")
DONG_LIMIT = 999_999_999_999
"""Most đồng that one support can be of."""

_EVIDENCE = (
    Field("document_no", Kind.CODE),
    Field("document_date", Kind.DATE),
    Field("file_reference", Kind.TEXT),
    Field("link", Kind.TEXT),
)
WORK_UNITS = ("seminar", "class", "person", "fair", "outlet", "article", "broadcast", "trip", "contest", "document")
"""Units of what activities bring about."""

FIGURE_UNITS = (*WORK_UNITS, "product", "producer", "model", "project", "percent", "commune", "district")
"""Units that a figure may be given in where the plan names none."""

_FIGURE = (Field("figure", Kind.FIGURE), Field("figure_unit", Kind.CHOICE, options=FIGURE_UNITS))
ACTIVITY_REPORT = (
    Field("status", Kind.CHOICE, required=True, options=ACTIVITY_STATUSES),
    Field("done_on", Kind.DATE),
    *_FIGURE,
    *_EVIDENCE,
    Field("place", Kind.TEXT),
    Field("note", Kind.TEXT),
    Field("reason", Kind.TEXT),
)
SUPPORT = (
    Field("support", Kind.CHOICE, required=True, options=SUPPORT_KINDS),
    Field("given_on", Kind.DATE, required=True),
    Field("what", Kind.TEXT, required=True),
    Field("giver", Kind.TEXT, required=True),
    *_FIGURE,
    Field("amount", Kind.INTEGER, high=DONG_LIMIT),
    *_EVIDENCE,
    Field("note", Kind.TEXT),
    Field("reason", Kind.TEXT),
)
TARGET_FIGURE = (
    Field("figure", Kind.FIGURE, required=True),
    Field("stated_on", Kind.DATE),
    *_EVIDENCE,
    Field("note", Kind.TEXT),
)
LESSON = (
    Field("part", Kind.CHOICE, required=True, options=LESSON_PARTS),
    Field("text", Kind.TEXT, required=True),
    Field("reason", Kind.TEXT),
)
WITHDRAWAL = (Field("reason", Kind.TEXT, required=True),)
