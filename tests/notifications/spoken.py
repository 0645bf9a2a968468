"""Messages of an invented province, from which the letters in the tests are written."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from deadlines.ladder import DutyKind
from notifications.messages import DutyLine, Language, Message, MessageKind, NoticeLine, Part, Recipient
from states.regime import VIETNAM
from states.vocabulary import Effect, Event, Stage

LAST_DAY = date(2021, 7, 9)
OFFICE = "Văn phòng Điều phối OCOP tỉnh Vân Sơn"
LINK = "https://ocop.van-son.example/n/8F3kQz19dLw2"
OFFICER = Recipient(person="cb-h3", name="Lò Thị Mận", office="Ủy ban nhân dân huyện Đá Vân")
PRODUCER = Recipient(person="sx-17", name="Vàng A Páo", office="Hợp tác xã Lũng Ong", phone="0912345678")
LEADER = Recipient(person="tq-vs", name="Hoàng Đình Sơn", office="Ủy ban nhân dân tỉnh Vân Sơn")


def midnight_after(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=VIETNAM) + timedelta(days=1)


def morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 7, 30, tzinfo=VIETNAM)


TERM = DutyLine(
    duty="VS-2021-0042:7:0",
    kind=DutyKind.TERM,
    rung="T-7",
    part=Part.HOLDER,
    subject="VS-2021-0042",
    title="Mật ong Lũng Ong",
    producer="Hợp tác xã Lũng Ong",
    unit="Xã Lũng Ong",
    stage=Stage.DISTRICT_EVAL,
    act=Event.CONCLUDE,
    due_at=midnight_after(LAST_DAY),
    last_day=LAST_DAY,
    phrase="trước ngày 10/7/2021",
    source="Kế hoạch 35/KH-UBND, mục II.1",
    effect=Effect.DEFER,
    next_round="VS-2021-2",
    link=LINK,
)
ACTIVITY = DutyLine(
    duty="two-rounds-2021:VS:2021#6",
    kind=DutyKind.ACTIVITY,
    rung="T-14",
    part=Part.HOLDER,
    subject="two-rounds-2021",
    title="training",
    unit="Huyện Đá Vân",
    due_at=midnight_after(date(2021, 8, 31)),
    last_day=date(2021, 8, 31),
    phrase="trong tháng 8/2021",
    source="Kế hoạch 35/KH-UBND, mục III.2",
    effect=Effect.RECORD,
)
CERTIFICATE = DutyLine(
    duty="GCN-VS-2023-0107",
    kind=DutyKind.CERTIFICATE,
    rung="T-127",
    part=Part.HOLDER,
    subject="GCN-VS-2023-0107",
    title="Chè shan tuyết Pù Chè",
    producer="Hộ kinh doanh Giàng Thị Sua",
    unit="Xã Tả Sương",
    due_at=midnight_after(date(2026, 11, 20)),
    last_day=date(2026, 11, 20),
    source="1204/QĐ-UBND",
    link=LINK,
)
DUTIES = {DutyKind.TERM: TERM, DutyKind.ACTIVITY: ACTIVITY, DutyKind.CERTIFICATE: CERTIFICATE}
RETURNED = NoticeLine(
    event=Event.RETURN_FOR_COMPLETION,
    subject="VS-2021-0042",
    title="Mật ong Lũng Ong",
    producer="Hợp tác xã Lũng Ong",
    unit="Xã Lũng Ong",
    at=datetime(2021, 6, 21, 15, 5, tzinfo=VIETNAM),
    details={
        "documents": ["test_report", "quality_declaration"],
        "remarks": "Phiếu kiểm nghiệm đã quá 12 tháng.\nBản công bố thiếu chữ ký.",
        "stage": "district_eval",
        "to": "2021-07-09",
    },
    link=LINK,
)
DEFERRED = replace(
    RETURNED,
    event=Event.DEFER,
    at=datetime(2021, 7, 10, tzinfo=VIETNAM),
    details={"stage": "district_eval", "phrase": "trước ngày 10/7/2021", "until": "2021-07-10T00:00:00+07:00", "next_round": "VS-2021-2"},
)
REDATED = replace(
    RETURNED,
    event=Event.REDATE,
    at=datetime(2021, 7, 5, 9, 0, tzinfo=VIETNAM),
    reason="Các huyện phải dừng họp vì dịch bệnh.",
    details={
        "stage": "district_eval",
        "from": "2021-07-09",
        "to": "2021-07-23",
        "document_no": "61/TB-UBND",
        "document_date": "2021-07-05",
    },
)
CERTIFIED = replace(
    RETURNED,
    event=Event.CERTIFY,
    at=datetime(2021, 8, 12, 10, 0, tzinfo=VIETNAM),
    details={"stars": 4, "decision_no": "1188/QĐ-UBND", "decision_date": "2021-08-12", "valid_until": "2024-08-12"},
)
EVERYTHING = {
    "stage": "district_eval", "phrase": "trước ngày 10/7/2021", "from": "2021-07-09", "to": date(2021, 7, 23),
    "until": datetime(2021, 7, 10, tzinfo=VIETNAM), "valid_until": "2024-08-12", "round": "VS-2021-1", "next_round": "VS-2021-2",
    "attempt": 2, "state": "district_evaluation", "level": "district", "mean": "161/2", "stars": 4, "held": 3,
    "document_no": "61/TB-UBND", "document_date": "2021-07-05", "decision_no": "1188/QĐ-UBND", "decision_date": "2021-08-12",
    "minutes_no": "12/BB-HĐ", "minutes_date": "2021-07-08", "letter_no": "90/UBND", "letter_date": "2021-08-01", "notice_no": "7/TB",
    "notice_date": "2021-08-02", "certificate": "GCN-1", "intake_no": "15", "published_on": "2021-08-20", "days": 5,
    "documents": ["test_report", "story"], "knock_outs": ["false_dossier"], "remarks": "Xin bổ sung.", "note": "Đã gọi điện.",
    "event": "conclude", "acted_on": "2021-07-08T09:00:00+07:00", "confirmed_by": "Đinh Thị Vui",
}  # fmt: skip
"""Every detail that words may name."""


def message(*said: DutyLine | NoticeLine, kind: MessageKind, now: datetime, to: Recipient = OFFICER, **more: Any) -> Message:
    lines = tuple(item for item in said if isinstance(item, DutyLine))
    notices = tuple(item for item in said if isinstance(item, NoticeLine))
    return Message(id="m", kind=kind, recipient=to, composed_at=now, lines=lines, notices=notices, **({"office": OFFICE} | more))


def examples() -> Iterator[tuple[str, Message]]:
    """Those that are read aloud, by the name of their file."""
    english = replace(OFFICER, language=Language.EN)
    completes = replace(TERM, act=Event.COMPLETE, part=Part.HOLDER)
    reminder, digest, escalation, notice = MessageKind.REMINDER, MessageKind.DIGEST, MessageKind.ESCALATION, MessageKind.NOTICE
    tea = replace(TERM, duty="VS-2021-0051:5:0", subject="VS-2021-0051", title="Chè Pù Chè", producer="Tổ hợp tác Pù Chè", unit="Xã Pù Chè")
    late = replace(
        TERM,
        duty="VS-2021-0009:9:0",
        subject="VS-2021-0009",
        title="Nước mắm Cồn Mắm",
        producer="Công ty Cồn Mắm",
        unit="Xã Cồn Mắm",
        stage=Stage.COMMUNE_TO_PROVINCE,
        act=Event.FORWARD,
        effect=Effect.RECORD,
        due_at=midnight_after(date(2021, 6, 30)),
        last_day=date(2021, 6, 30),
        phrase="đến hết ngày 30/6/2021",
    )
    away = replace(TERM, part=Part.STAND_IN, holders=("Lường Văn Thanh",), link=None)
    above = replace(TERM, part=Part.SUPERIOR, holders=("Lò Thị Mận", "Cầm Văn Minh"))
    yield "nhac-7-ngay-can-bo", message(TERM, kind=reminder, now=morning(date(2021, 7, 2)))
    yield "nhac-ngay-mai-chu-the", message(completes, kind=reminder, now=morning(date(2021, 7, 8)), to=PRODUCER)
    yield "nhac-hom-nay-tap-huan", message(TERM, kind=reminder, now=morning(LAST_DAY), rehearsal=True)
    yield "nhac-lam-thay", message(away, kind=reminder, now=morning(date(2021, 6, 9)))
    yield "nhac-viec-ke-hoach", message(ACTIVITY, kind=reminder, now=morning(date(2021, 8, 17)))
    yield "nhac-giay-chung-nhan", message(CERTIFICATE, kind=reminder, now=morning(date(2026, 7, 16)), to=PRODUCER)
    yield "bao-cap-tren", message(above, kind=escalation, now=morning(date(2021, 7, 12)), to=LEADER)
    yield "gop", message(late, TERM, tea, ACTIVITY, DEFERRED, kind=digest, now=morning(date(2021, 7, 2)))
    yield "tin-bo-sung", message(RETURNED, kind=notice, now=morning(date(2021, 6, 22)), to=PRODUCER)
    yield "tin-chuyen-dot", message(DEFERRED, kind=notice, now=morning(date(2021, 7, 10)), to=PRODUCER)
    yield "tin-doi-ngay", message(REDATED, kind=notice, now=morning(date(2021, 7, 6)))
    yield "tin-cong-nhan", message(CERTIFIED, kind=notice, now=morning(date(2021, 8, 13)), to=PRODUCER)
    yield "reminder-in-english", message(TERM, kind=reminder, now=morning(date(2021, 7, 2)), to=english)
    yield "notice-in-english", message(DEFERRED, kind=notice, now=morning(date(2021, 7, 10)), to=english)
