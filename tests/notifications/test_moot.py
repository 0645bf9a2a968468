"""What no longer matters is not sent, whenever it stopped mattering: planned, made into a message, worded, or already tried once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from notifications.messages import Later
from notifications.service import Notifications
from tests.support.telling import Carrier, heard, notifications, said, sequenced, states, steps, tell
from tests.support.world import World, moment
from workflow.certificates import certificate_code
from workflow.telling import SettingRow

FILED = "2021-06-01 09:00"
COMES = "2021-07-02 07:30"
SECRETARY = "secretary-H1"

End = Callable[[World, str], object]


def fulfilled(world: World, case: str) -> None:
    world.act(case, "conclude", mean=80)
    world.act(case, "forward")


def withdrawn(world: World, case: str) -> None:
    world.act(case, "withdraw")


def moved(world: World, case: str) -> None:
    paper: dict[str, Any] = {
        "document_no": "15/TB",
        "document_date": world.clock.now().date().isoformat(),
        "reason": "Hoãn họp",
        "actor": "officer-VS",
    }
    world.rounds.redate("VS-2021-1", stage="district_eval", phrase="trước ngày 20/7/2021", **paper)
    assert world.running(case)["district_eval"].due_at == moment("2021-07-20 00:00")


def role_ended(world: World, _: str) -> None:
    world.appoint(SECRETARY, "secretary", "district", "H1", until="2021-07-02")
    world.engine.world(fresh=True)


ENDS = [fulfilled, withdrawn, moved, role_ended]


@pytest.fixture
def mail() -> Carrier:
    return Carrier()


@pytest.fixture
def telling(world: World, mail: Carrier) -> Notifications:
    return notifications(world, mail)


@pytest.fixture
def case(world: World, telling: Notifications, mail: Carrier) -> str:
    """A dossier before the district, of which nothing is said before the week of its cut-off."""
    filed = world.filed(at=FILED)
    tell(world, telling, "2021-06-25 07:30")
    mail.envelopes.clear()
    world.move("2021-07-02 07:00")
    return filed


def reminders(mail: Carrier) -> list[str]:
    """Subjects of letters to the secretary that put the cut-off of 9 July into a calendar, as every reminder of it does."""
    return [letter.subject for each in mail.to(SECRETARY) if (letter := each.letter) and "DATE:20210709" in (letter.calendar or "")]


def test_what_still_matters_is_sent(world: World, telling: Notifications, mail: Carrier, case: str):
    tell(world, telling, COMES)
    assert len(reminders(mail)) == 1
    assert steps(world, case, "district_eval")["T-7"] == "fired"


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_said_of_what_ended_before_its_step_came(world: World, telling: Notifications, mail: Carrier, case: str, end: End):
    end(world, case)
    tell(world, telling, COMES)
    assert reminders(mail) == []
    assert ("2021-07-02.1", "T-7") not in said(world, SECRETARY)


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_said_of_what_ended_before_the_message_was_worded(
    world: World, telling: Notifications, mail: Carrier, case: str, end: End
):
    world.move(COMES)
    sequenced(world)
    telling.composer.compose(world.clock.now())
    assert [r for w, r in said(world, SECRETARY) if w == "2021-07-02.1"] == ["T-7"]
    end(world, case)
    tell(world, telling)
    assert reminders(mail) == []
    assert [item.moot for item, message in heard(world, SECRETARY) if message.window == "2021-07-02.1" and item.rung == "T-7"] == [True]


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_said_of_what_ended_between_the_inbox_and_the_way_out(
    world: World, telling: Notifications, mail: Carrier, case: str, end: End
):
    world.move(COMES)
    sequenced(world)
    telling.gather()
    assert states(world, recipient=SECRETARY, channel="inbox")[f"{SECRETARY}|2021-07-02.1|inbox"] == "accepted"
    end(world, case)
    world.move("2021-07-02 07:45")
    telling.send()
    assert reminders(mail) == []
    assert states(world)[f"{SECRETARY}|2021-07-02.1|email"] == "moot"


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_said_of_what_ended_between_two_tries(world: World, telling: Notifications, mail: Carrier, case: str, end: End):
    mail.reply = Later("421 busy")
    tell(world, telling, COMES)
    assert states(world)[f"{SECRETARY}|2021-07-02.1|email"] == "waiting"
    end(world, case)
    mail.reply = Carrier().reply
    world.move("2021-07-02 07:40")
    telling.send()
    assert reminders(mail) == []
    assert states(world)[f"{SECRETARY}|2021-07-02.1|email"] == "moot"


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_said_of_what_ended_while_other_letters_of_the_page_were_on_their_way(
    world: World, telling: Notifications, mail: Carrier, case: str, end: End
):
    # The officer's letter goes first, and takes its time; meanwhile the duty ends.
    done: list[str] = []

    def slow(_: object) -> object:
        if not done:
            done.append("ended")
            world.clock.move(moment("2021-07-02 07:30:20"))
            end(world, case)
        return Carrier().reply

    mail.answer = slow  # type: ignore[assignment]
    tell(world, telling, COMES)
    assert done
    assert reminders(mail) == []


def test_of_a_message_that_waited_only_the_lines_are_said_that_still_matter(world: World, telling: Notifications, mail: Carrier, case: str):
    other = world.filed("P1-02", "2021-07-02 07:00")
    mail.reply = Later("421 busy")
    tell(world, telling, COMES)
    kept = [i.subject for i, m in heard(world, SECRETARY) if m.window == "2021-07-02.1" and i.kind != "event"]
    assert case in kept
    tell(world, telling, "2021-07-06 07:30")
    assert {i.subject for i, m in heard(world, SECRETARY) if m.window == "2021-07-06.1"} >= {case, other}
    fulfilled(world, case)
    mail.reply = Carrier().reply
    tell(world, telling, "2021-07-06 09:30")
    words = [each.letter.text for each in mail.to(SECRETARY) if each.letter is not None]
    assert any("Mật ong số 2 của" in text for text in words)
    assert not any("Mật ong số 1 của" in text for text in words)


def test_a_message_in_which_nothing_mattered_takes_up_nothing_more(world: World, telling: Notifications, mail: Carrier, case: str):
    """Whatever the person hears of next in the same window comes in a message of its own, and is not lost in one that is not sent."""
    world.move(COMES)
    sequenced(world)
    telling.composer.compose(world.clock.now())
    withdrawn(world, case)
    telling.tell()
    assert states(world)[f"{SECRETARY}|2021-07-02.1|email"] == "moot"
    mail.envelopes.clear()
    other = world.filed("P1-02", "2021-07-02 08:00")
    tell(world, telling)
    tell(world, telling, "2021-07-02 13:30")
    (letter,) = mail.to(SECRETARY)
    assert letter.letter is not None
    assert other in letter.letter.text


def test_whoever_adds_to_a_message_while_it_is_found_empty_is_heard(world: World, telling: Notifications, mail: Carrier, case: str):
    world.move(COMES)
    sequenced(world)
    telling.composer.compose(world.clock.now())
    withdrawn(world, case)
    other = world.filed("P1-02", "2021-07-02 07:31")
    sequenced(world)
    word = world.store.word
    added: list[object] = []

    def late(*given: Any) -> set[str]:
        # Another worker gathers the news in between.
        if not added:
            added.append(telling.composer.compose(world.clock.now()))
        return word(*given)

    world.store.word = late  # type: ignore[method-assign,assignment]
    telling.tell()
    assert added
    (envelope,) = mail.to(SECRETARY)
    assert envelope.letter is not None
    assert other in envelope.letter.text


def test_the_end_of_a_certificate_is_spoken_of_no_more_once_the_product_was_filed_again(world26: World):
    world, mail = world26, Carrier()
    telling = notifications(world, mail)
    first = certificate_code(world.certified(at="2026-07-01 09:00"))
    tell(world, telling)
    at = {r.rung: r.at for r in world.store.rungs([first])}
    world.move(at["T-180"])
    tell(world, telling)
    again = world.registered("P1-01", kind="reassessment", certificate=first, at=at["T-180"] + timedelta(hours=2))
    tell(world, telling, at["T-150"])
    world.act(again, "file", at=at["T-150"] + timedelta(hours=2))
    tell(world, telling, at["T-127"])
    tell(world, telling, at["T-60"])
    states_of = {r.rung: str(r.state) for r in world.store.rungs([first])}
    assert {rung: states_of[rung] for rung in ("T-180", "T-150", "T-127", "T-60", "T-30")} == {
        "T-180": "fired", "T-150": "fired", "T-127": "cancelled", "T-60": "cancelled", "T-30": "planned",
    }  # fmt: skip


def test_a_duty_whose_holders_left_the_step_out_is_not_said_to_be_nobodys(world: World, telling: Notifications):
    case = world.filed(at="2021-05-20 09:00")
    for person in ("officer-H1", SECRETARY):
        world.store.save_setting(
            SettingRow(scope="person", code=person, value={"muted": ["T-30"]}, changed_by=person, changed_at=world.clock.now())
        )
    tell(world, telling, "2021-06-09 07:30")
    assert [w for w, r in said(world, SECRETARY) if r == "T-30"] == []
    assert steps(world, case, "district_eval")["T-30"] == "fired"
    for function in ("officer", "secretary", "chair", "authority", "auditor"):
        world.appoint(f"{function}-H1", function, "district", "H1", until="2021-06-10")
    for function in ("officer", "authority"):
        for unit, level in (("VS", "province"), ("TW", "centre")):
            world.appoint(f"{function}-{unit}", function, level, unit, until="2021-06-10")
    world.engine.world(fresh=True)
    tell(world, telling, "2021-06-25 07:30")
    assert steps(world, case, "district_eval")["T-14"] == "unheard"
