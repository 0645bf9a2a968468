"""Letters and envelopes of an invented office."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from notifications.channels.mime import message_id
from notifications.messages import Envelope, Letter
from states.regime import VIETNAM

CALENDAR = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//ocop-cycle//vi
METHOD:PUBLISH
BEGIN:VEVENT
UID:duty-1@ocop.example
DTSTAMP:20210702T010000Z
DTSTART;VALUE=DATE:20210709
SUMMARY:Nộp hồ sơ Trà sen Vân Sơn
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")
LETTER = Letter(
    subject="Còn 7 ngày: hoàn thiện hồ sơ “Trà sen Vân Sơn” – hạn thứ Sáu, 09/07/2021 (hết ngày)",
    text="Kính gửi bà Nguyễn Thị Ánh,\n\nHồ sơ VS-2021-0042 cần được gửi trước ngày 10/7/2021.\n.\n..một dòng bắt đầu bằng dấu chấm\n",
    html="<p>Kính gửi bà <b>Nguyễn Thị Ánh</b>,</p>\n<p>Hồ sơ VS-2021-0042 cần được gửi trước ngày 10/7/2021.</p>\n",
    short="OCOP: VS-2021-0042 con 7 ngay, han 09/07/2021.",
    share="Hồ sơ VS-2021-0042 còn 7 ngày.\nhttps://ocop.example/d/abc",
    calendar=CALENDAR,
)
SENDER = "ocop@so.example"


def envelope(key: str = "anh|duty-1|1|T-7|email", *, letter: Letter | None = LETTER, **changed: Any) -> Envelope:
    """What is carried to an invented officer."""
    plain = Envelope(
        key=key,
        message_id=message_id(key, "so.example"),
        address="anh@xa.example",
        name="Nguyễn Thị Ánh",
        letter=letter,
        composed_at=datetime(2021, 7, 2, 8, 0, tzinfo=VIETNAM),
        thread="VS-2021-0042",
    )
    return replace(plain, **changed)
