"""What machines are told is a CloudEvent, says nothing about persons to strangers, and is what a gateway needs to send."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from deadlines.ladder import DutyKind
from notifications.channels.events import REMINDER, parameters, reminder, transitioned
from notifications.channels.settings import Endpoint, WebhookSettings
from notifications.channels.webhook import WebhookChannel
from notifications.messages import Accepted, DutyLine, Language, Later, Message, MessageKind, NoticeLine, Part, Recipient
from states.regime import VIETNAM
from states.vocabulary import Event, Stage
from tests.notifications.channels.samples import LETTER, envelope
from tests.notifications.channels.test_webhook import OTHER, SECRET
from workflow.clock import SystemClock
from workflow.ledger.entry import ActorRef, Entry
from workflow.rows import SubjectKind

ROOT = Path(__file__).parents[3]
SOURCE = "https://ocop.so.example"
REQUIRED = {"specversion", "type", "id", "source"}
OPTIONAL = {"subject", "time", "datacontenttype", "data"}

LINE = DutyLine(
    duty="term-1",
    kind=DutyKind.TERM,
    rung="T-7",
    part=Part.HOLDER,
    subject="VS-2021-0042",
    title="Trà sen Vân Sơn",
    producer="Hợp tác xã Sen Vàng",
    unit="Vân Sơn",
    stage=Stage.COMMUNE_TO_PROVINCE,
    act=Event.FORWARD,
    due_at=datetime(2021, 7, 10, tzinfo=VIETNAM),
    last_day=date(2021, 7, 9),
    link="https://ocop.so.example/d/abc",
)
MESSAGE = Message(
    id="m-1",
    kind=MessageKind.DIGEST,
    recipient=Recipient(person="anh", name="Nguyễn Thị Ánh", language=Language.VI, phone="+84900000000", office="UBND xã Vân Sơn"),
    composed_at=datetime(2021, 7, 2, 8, 0, tzinfo=VIETNAM),
    lines=(LINE, replace(LINE, duty="term-2", subject="VS-2021-0043")),
    office="Văn phòng điều phối",
)
ENTRY = Entry(
    log="log",
    kind=SubjectKind.CASE,
    case="VS-2021-0042",
    case_seq=3,
    attempt=1,
    regime="R1048",
    event="forward",
    from_="commune_review",
    to="district_evaluation",
    actor=ActorRef(id="person-of-flesh", function="officer", level="commune", unit="VS01", on_behalf_of="another-person"),
    effective_at=datetime(2021, 7, 5, 9, 30, tzinfo=VIETNAM),
    recorded_at=datetime(2021, 7, 5, 2, 30, 1, tzinfo=UTC),
    data={"reason_by": "person-of-flesh"},
    command="c-1",
    prev="0" * 64,
)


def well_formed(event: dict[str, Any]) -> None:
    """CloudEvents 1.0.2, sections 3.1 and 3.2, and what JSON can carry."""
    assert set(event) >= REQUIRED
    assert set(event) <= REQUIRED | OPTIONAL
    assert event["specversion"] == "1.0"
    assert all(isinstance(event[name], str) and event[name] for name in set(event) - {"data"})
    assert datetime.fromisoformat(event["time"]).tzinfo is not None
    assert json.loads(json.dumps(event, allow_nan=False)) == event


def test_an_entry_becomes_an_event_under_its_hash_and_names_nobody():
    event = transitioned(ENTRY, bytes(range(32)), source=SOURCE)
    well_formed(event)
    assert (event["type"], event["id"], event["subject"]) == ("vn.ocop.case.transitioned.v1", bytes(range(32)).hex(), "VS-2021-0042")
    assert event["time"] == "2021-07-05T02:30:00Z"
    assert event["data"]["from"] == "commune_review"
    assert event["data"]["actor"] == {"function": "officer", "level": "commune", "unit": "VS01"}
    assert "person" not in json.dumps(event)


def test_a_creation_has_no_state_before_it_and_the_system_is_no_actor():
    event = transitioned(replace(ENTRY, from_=None, actor=None), bytes(32), source=SOURCE)
    well_formed(event)
    assert {"from", "actor"} & set(event["data"]) == set()


def test_a_reminder_carries_what_a_gateway_needs():
    event = reminder(MESSAGE, LETTER, key="anh|duty|1|T-7|webhook", source=SOURCE, template="zns-301")
    well_formed(event)
    assert (event["type"], event["id"], event["subject"]) == (REMINDER, "anh|duty|1|T-7|webhook", "VS-2021-0042")
    assert event["data"]["recipient"]["phone"] == "+84900000000"
    assert event["data"]["template"]["id"] == "zns-301"
    assert event["data"]["template"]["parameters"] == {
        "recipient": "Nguyễn Thị Ánh",
        "office": "Văn phòng điều phối",
        "count": "2",
        "subject": "VS-2021-0042",
        "title": "Trà sen Vân Sơn",
        "producer": "Hợp tác xã Sen Vàng",
        "unit": "Vân Sơn",
        "last_day": "09/07/2021",
        "days_left": "7",
        "link": "https://ocop.so.example/d/abc",
    }
    assert [duty["subject"] for duty in event["data"]["duties"]] == ["VS-2021-0042", "VS-2021-0043"]
    assert "template" not in reminder(MESSAGE, LETTER, key="k", source=SOURCE)["data"]


def test_a_notice_and_an_empty_message_fill_a_template_too():
    notice = NoticeLine(event="certify", subject="VS-2021-0042", title="Trà sen", at=MESSAGE.composed_at, link="https://x.example/d")
    message = replace(MESSAGE, lines=(), notices=(notice,))
    well_formed(reminder(message, LETTER, key="k", source=SOURCE, template="t"))
    assert parameters(message)["title"] == "Trà sen"
    empty = replace(MESSAGE, lines=())
    well_formed(reminder(empty, LETTER, key="k", source=SOURCE))
    assert parameters(empty)["count"] == "0"


@pytest.fixture
def gateway(tmp_path: Path) -> Any:
    """The example from the documents, as a process of its own: (its address, the process)."""
    secret = tmp_path / "whsec.txt"
    secret.write_text(SECRET + "\n", encoding="utf-8")
    command = [sys.executable, "docs/examples/gateway.py", "--secret-file", str(secret), "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")
    assert process.stdout is not None
    yield process.stdout.readline().strip(), process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_example_gateway_checks_the_signature_and_sends_each_message_once(gateway: Any):
    url, process = gateway

    def sent(key: str, secret: str = SECRET, message: Message = MESSAGE) -> Any:
        settings = WebhookSettings(endpoints=(Endpoint(url=url, secrets=(secret,)),), allowed=(ip_network("127.0.0.1/32"),), seconds=10)
        event = reminder(message, LETTER, key=key, source=SOURCE, template="zns-301")
        return WebhookChannel(settings, SystemClock()).send(envelope(key, letter=None, event=event, address=url))

    assert sent("one", OTHER) == Later("401 No matching signature found", why="hook_refused")
    assert sent("one") == Accepted("200 sent")
    assert sent("one") == Accepted("200 already sent")
    evil = replace(MESSAGE, recipient=replace(MESSAGE.recipient, name="\x1b[2JBình", phone=None))
    assert sent("two", message=evil) == Accepted("200 sent")
    process.terminate()
    printed = process.stdout.read()
    assert [line for line in printed.splitlines() if line.startswith("to ")] == [
        "to +84900000000 (Nguyễn Thị Ánh)",
        "to nobody: no phone number ( [2JBình)",
    ]
    assert "Zalo template zns-301" in printed
    assert "Trà sen Vân Sơn" in printed
    assert f"SMS, {len(LETTER.short)} characters: {LETTER.short}" in printed


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"{}"),
        ({"webhook-id": "1", "webhook-timestamp": "x", "webhook-signature": "v1,aa"}, b"{}"),
        ({"webhook-id": "1", "webhook-timestamp": "0", "webhook-signature": "v1,aa"}, b"{}"),
        ({"webhook-id": "1", "webhook-timestamp": "9" * 400, "webhook-signature": "garbage"}, b"\xff"),
    ],
)
def test_the_example_gateway_refuses_what_is_not_signed(headers: dict[str, str], body: bytes):
    import importlib.util  # noqa: PLC0415 (for this one file, which is in no package)

    spec = importlib.util.spec_from_file_location("gateway_example", ROOT / "docs/examples/gateway.py")
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    taken: list[Any] = []
    status, _ = example.Gateway(SECRET, taken.append).take(headers, body)
    assert status == 401
    assert taken == []
