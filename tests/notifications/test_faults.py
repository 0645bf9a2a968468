"""Mail servers that are down, busy or unwilling, receivers that are gone, and faults of our own: nothing is lost and nobody waits for others."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Self

import pytest

from notifications.channels.email import EmailChannel
from notifications.channels.network import networks
from notifications.channels.settings import EmailSettings, Endpoint, Security, WebhookSettings
from notifications.channels.webhook import WebhookChannel
from notifications.composed import Wording
from notifications.composing import Composer
from notifications.duties import Desk
from notifications.messages import Channel, Later, Refused
from notifications.service import Notifications
from notifications.watch import Trouble, look
from tests.support.hooks import HookServer, answering
from tests.support.serving import Action, MailServer, cut
from tests.support.telling import DOMAIN, Carrier, address_of, heard, notifications, said, sequenced, states, steps, tell
from tests.support.world import World, moment
from workflow.telling import DeliveryQuery, WebhookRow

FILED = "2021-06-01 09:00"
COMES = "2021-07-02 07:30"
OFFICER, SECRETARY = "officer-H1", "secretary-H1"
KEY = f"{SECRETARY}|2021-07-02.1|email"


def mail_to(server: MailServer) -> EmailChannel:
    settings = EmailSettings(
        host="127.0.0.1", port=server.port, security=Security.NONE, sender=f"nhac@{DOMAIN}", allow_plain=True, seconds=5
    )
    return EmailChannel(settings)


@pytest.fixture
def case(world: World) -> str:
    """A dossier before the district, of which everything up to the week before its cut-off has been told."""
    filed = world.filed(at=FILED)
    tell(world, notifications(world, Carrier()), "2021-06-25 07:30")
    world.move("2021-07-02 07:29")
    return filed


class Served:
    """A mail server with a script, and telling that sends to it."""

    def __init__(self, world: World, **script: Action | list[Action]) -> None:
        self.world = world
        self.server = MailServer(script)
        self.telling = notifications(world, mail_to(self.server))

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__(None, None, None)

    def send(self, at: str) -> dict[str, str]:
        """Tell at an instant; states of what was told on 2 July."""
        tell(self.world, self.telling, at)
        return {key: state for key, state in states(self.world, channel="email").items() if "|2021-07-02.1|" in key}

    def got(self, person: str) -> list[bytes]:
        return [data for _, to, data in self.server.letters if to == address_of(person)]


def numbers(letters: list[bytes]) -> set[bytes]:
    return {line for data in letters for line in data.split(b"\r\n") if line.lower().startswith(b"message-id:")}


def test_a_mail_server_that_is_down_loses_nothing_and_is_tried_again(world: World, case: str):
    with Served(world) as served:
        port = served.server.port
    with Served(world) as later:
        # The first server is gone: nothing listens on its port.
        served.telling = notifications(world, mail_to(served.server))
        assert set(served.send(COMES).values()) == {"waiting"}
        row = world.store.delivery(KEY)
        assert row is not None
        assert (row.attempt, row.doubts, row.not_before) == (1, 0, moment("2021-07-02 07:35"))
        assert set(later.send("2021-07-02 07:34").values()) == {"waiting"}
        assert set(later.send("2021-07-02 07:35").values()) == {"accepted"}
        assert len(later.got(SECRETARY)) == 1
    assert port
    assert [t.outcome for t in world.store.tries(KEY)] == ["later", "accepted"]
    assert steps(world, case, "district_eval")["T-7"] == "fired"


def test_greylisting_is_waited_out_under_the_same_number(world: World, case: str):
    grey: list[Action] = [*[b"451 4.7.1 greylisted, come back later\r\n"] * 4, b"250 2.1.5 ok\r\n"]
    with Served(world, rcpt=grey) as served:
        first = served.send(COMES)
        assert "waiting" in first.values()
        for at in ("07:36", "07:52", "08:30", "09:31"):
            last = served.send(f"2021-07-02 {at}")
        assert set(last.values()) == {"accepted"}
        assert len(served.got(SECRETARY)) == len(served.got(OFFICER)) == 1
    assert case
    row = world.store.delivery(KEY)
    assert row is not None
    assert row.doubts == 0


def test_an_address_that_does_not_exist_is_given_up_shown_at_once_and_can_be_sent_again_by_a_person(world: World, case: str):
    with Served(world, rcpt=[b"550 5.1.1 no such user\r\n", b"250 ok\r\n"]) as served:
        found = served.send(COMES)
        (bad,) = [key for key, state in found.items() if state == "failed"]
        assert set(found.values()) == {"failed", "accepted"}
        now = world.clock.now()
        (trouble,) = [f for f in look(world.store, now + timedelta(minutes=4), wants_worker=False) if f.trouble is Trouble.LETTERS_FAILED]
        assert trouble.detail == "1"
        (row,) = world.store.deliveries(DeliveryQuery(states=("failed",)))
        assert row.key == bad
        assert row.reply is not None
        assert "no such user" in row.reply
        before = len(served.server.letters)
        served.send("2021-07-02 12:00")
        assert len(served.server.letters) == before, "what was refused for good is not tried again"
        assert world.store.resend(bad, world.clock.now())
        assert served.send("2021-07-02 12:01")[bad] == "accepted"
        assert [t.outcome for t in world.store.tries(bad)] == ["refused", "accepted"]
    assert case


def test_a_connection_cut_after_the_last_dot_is_a_doubt_that_is_counted_and_the_copy_bears_the_same_number(world: World, case: str):
    with Served(world, dot=[cut, b"250 2.0.0 taken\r\n"]) as served:
        served.send(COMES)
        doubtful = [row for row in world.store.deliveries(DeliveryQuery(channel="email")) if row.doubts]
        assert [(row.doubts, str(row.state)) for row in doubtful] == [(1, "waiting")]
        person = doubtful[0].target
        assert doubtful[0].not_before >= moment("2021-07-02 07:45")
        served.send("2021-07-02 07:46")
        copies = served.got(person)
        assert len(copies) == 2
        assert len(numbers(copies)) == 1
        assert {len(served.got(other)) for other in {OFFICER, SECRETARY} - {person}} == {1}
    assert case


def test_a_letter_that_helps_nobody_any_more_is_given_up_at_its_deadline(world: World, case: str):
    carrier = Carrier(reply=Later("421 busy", why="mail_deferred"))
    telling = notifications(world, carrier)
    world.move("2021-07-09 07:30")
    tell(world, telling)
    key = f"{SECRETARY}|2021-07-09.1|email"
    for hour in range(8, 24):
        tell(world, telling, f"2021-07-09 {hour:02d}:55")
    assert states(world)[key] in {"waiting", "failed"}
    carrier.reply = Carrier().reply
    tell(world, telling, "2021-07-10 00:00:20")
    assert carrier.to(SECRETARY) == []
    assert states(world)[key] in {"failed", "moot"}
    assert case


# Receivers of events.


@pytest.fixture
def hook(world: World) -> Iterator[tuple[HookServer, Notifications]]:
    """A receiver on loopback that says it is gone, after one answer that it is not."""
    with HookServer([answering(), answering("410 Gone"), answering()]) as server:
        secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
        row = WebhookRow(id="so", unit="VS", url=f"http://127.0.0.1:{server.port}/su-kien", secret=secret, events=(), since=0)
        world.store.save_webhook(row)

        def find(url: str) -> Endpoint | None:
            found = next((each for each in world.store.webhooks() if each.url == url and each.off is None), None)
            return Endpoint(url=url, secrets=(found.secret,)) if found else None

        channel = WebhookChannel(WebhookSettings(allowed=networks(["127.0.0.0/8"]), seconds=5), world.clock, find=find)
        yield server, notifications(world, channel)


def test_a_receiver_that_is_gone_is_turned_off_and_gets_nothing_until_somebody_turns_it_on(
    world: World, hook: tuple[HookServer, Notifications]
):
    server, telling = hook
    tell(world, telling)
    world.registered(at="2021-06-01 09:00")
    tell(world, telling)
    assert len(server.requests) == 1
    world.act("VS-2021-0001", "select")
    tell(world, telling)
    (off,) = world.store.webhooks()
    assert off.off is not None
    assert off.off.startswith("410")
    world.act("VS-2021-0001", "submit_plan")
    tell(world, telling)
    assert len(server.requests) == 2
    kept = states(world, channel="webhook")
    assert sorted(kept.values()) == ["accepted", "failed"]


# Our own faults.


def test_a_step_that_cannot_be_judged_is_set_aside_and_the_others_go_out(world: World, case: str, monkeypatch: pytest.MonkeyPatch):
    other = world.filed("P2-01", "2021-07-02 07:29")
    hearers = Desk.hearers

    def broken(self: Desk, step: Any) -> Any:
        if step.subject == case:
            raise RuntimeError("poison")
        return hearers(self, step)

    monkeypatch.setattr(Desk, "hearers", broken)
    telling = notifications(world, Carrier())
    world.move(COMES)
    sequenced(world)
    made, _ = telling.gather()
    assert [(attempts, why) for _, attempts, why in made.failed] == [(1, "RuntimeError: poison")]
    assert steps(world, case, "district_eval")["T-7"] == "planned"
    assert steps(world, other, "district_eval")["T-7"] == "fired"
    assert ("2021-07-02.1", "T-7") in said(world, "secretary-H2")
    assert [f.trouble for f in look(world.store, world.clock.now() + timedelta(minutes=2), wants_worker=False)] == [Trouble.STEPS_WAIT]
    monkeypatch.undo()
    tell(world, telling, "2021-07-02 07:30:59")
    assert steps(world, case, "district_eval")["T-7"] == "planned", "it is tried again after a minute"
    tell(world, telling, "2021-07-02 07:31:01")
    assert steps(world, case, "district_eval")["T-7"] == "fired"
    assert ("2021-07-02.1", "T-7") in said(world, SECRETARY) or ("2021-07-02.2", "T-7") in said(world, SECRETARY)


def test_an_entry_that_cannot_be_read_silences_no_other(world: World, case: str, monkeypatch: pytest.MonkeyPatch):
    know = Composer._know

    def broken(self: Composer, desk: Desk, entry: Any) -> Any:
        if entry.event == "file" and entry.case == poisoned:
            raise RuntimeError("poison")
        return know(self, desk, entry)

    poisoned = world.filed("P1-02", "2021-07-02 07:29")
    other = world.filed("P1-03", "2021-07-02 07:29")
    monkeypatch.setattr(Composer, "_know", broken)
    telling = notifications(world, Carrier())
    world.move(COMES)
    sequenced(world)
    made, inbox = telling.gather()
    assert [(what.split()[0], why) for what, _, why in made.failed] == [(poisoned, "RuntimeError: poison")]
    assert inbox.accepted["inbox"] > 0
    assert {item.subject for item, _ in heard(world, SECRETARY) if item.rung == "file"} == {case, other}
    assert telling.gather()[0].failed == []


def test_a_message_that_cannot_be_worded_waits_and_the_others_go_out(world: World, case: str, monkeypatch: pytest.MonkeyPatch):
    carrier = Carrier()
    telling = notifications(world, carrier)
    one = Wording._one

    def broken(self: Wording, desk: Any, choices: Any, row: Any, items: Any) -> Any:
        if row.recipient == OFFICER:
            raise RuntimeError("poison")
        return one(self, desk, choices, row, items)

    monkeypatch.setattr(Wording, "_one", broken)
    tell(world, telling, COMES)
    assert len(carrier.to(SECRETARY)) == 1
    assert carrier.to(OFFICER) == []
    row = world.store.delivery(f"{OFFICER}|2021-07-02.1|email")
    assert row is not None
    assert (str(row.state), row.attempt, row.reply) == ("waiting", 1, "words_failed: RuntimeError: poison")
    monkeypatch.undo()
    tell(world, telling, row.not_before)
    assert len(carrier.to(OFFICER)) == 1
    assert states(world)[f"{OFFICER}|2021-07-02.1|inbox"] == "accepted"
    assert case


def test_a_way_out_that_breaks_down_takes_no_other_letters_acknowledgement_with_it(world: World, case: str):
    carrier = Carrier()

    def breaks(envelope: Any) -> Any:
        if envelope.address == address_of(SECRETARY):
            raise OSError("disk full")
        return Carrier().reply

    carrier.answer = breaks
    telling = notifications(world, carrier)
    tell(world, telling, COMES)
    found = states(world, channel="email")
    assert found[KEY] == "waiting"
    assert found[f"{OFFICER}|2021-07-02.1|email"] == "accepted"
    row = world.store.delivery(KEY)
    assert row is not None
    assert row.doubts == 1, "it may have left before the fault"
    carrier.answer = None
    tell(world, telling, "2021-07-02 07:50")
    assert len(carrier.to(SECRETARY)) == 1
    assert len(carrier.to(OFFICER)) == 1
    assert case


# Down for a week.


def test_a_week_of_downtime_produces_one_message_a_person_and_the_rest_is_visible(world: World, case: str):
    second = world.filed("P1-02", "2021-07-02 07:29")
    carrier = Carrier()
    telling = notifications(world, carrier)
    # Nobody has told anything since the morning of 2 July; T-7, T-3 and T-1 have come.
    world.move("2021-07-08 15:00")
    tell(world, telling)
    for each in (case, second):
        assert {r: s for r, s in steps(world, each, "district_eval").items() if r in {"T-7", "T-3", "T-1", "T-0"}} == {
            "T-7": "superseded", "T-3": "superseded", "T-1": "fired", "T-0": "planned",
        }  # fmt: skip
    people = {envelope.address for envelope in carrier.envelopes}
    assert {address_of(person) for person in (OFFICER, SECRETARY, "chair-H1")} <= people
    assert len(people) == len(carrier.envelopes), "one message a person"
    (letter,) = carrier.to(SECRETARY)
    assert letter.letter is not None
    assert "Mật ong số 1 của" in letter.letter.text
    assert "Mật ong số 2 của" in letter.letter.text
    tell(world, telling)
    assert len(people) == len(carrier.envelopes)


def test_down_over_the_deadline_itself_the_office_above_hears_and_nobody_is_told_what_has_passed(world: World, case: str):
    carrier = Carrier()
    telling = notifications(world, carrier)
    world.sweep("2021-07-12 08:00")
    tell(world, telling)
    assert steps(world, case, "district_eval") == {
        "T-30": "superseded", "T-14": "fired", "T-7": "cancelled", "T-3": "cancelled", "T-1": "cancelled", "T-0": "cancelled", "T+1": "fired",
    }  # fmt: skip
    assert [r for _, r in said(world, "officer-VS") if r.startswith("T")] == ["T+1"]
    assert [r for w, r in said(world, SECRETARY) if w >= "2021-07-02"] == []


def test_a_refusal_of_one_letter_is_not_the_refusal_of_the_next(world: World, case: str):
    carrier: Channel = Carrier(answer=lambda e: Refused("552 full") if e.address == address_of(OFFICER) else Carrier().reply)
    tell(world, notifications(world, carrier), COMES)
    assert states(world)[KEY] == "accepted"
    assert states(world)[f"{OFFICER}|2021-07-02.1|email"] == "failed"
    assert case
