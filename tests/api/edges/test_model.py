"""Chains of requests by several people against a small model: what was written is read, a stale or repeated request changes nothing.

The model is what the answers said: state, version and ETag of each case. Whether an act may be done is asked first, of the interface
itself, so that what it offers and what it carries out are held against each other; every answer is held against the description.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from api.identity.access_log import Asker
from states.regime import VIETNAM
from tests.support.identity import house_at
from tests.support.modelled import OFFICES, PEOPLE, PRODUCERS, Client, Sent, Told
from tests.support.world import TWO_ROUNDS, plan_file
from workflow.audit import drifts, verify_log

IDEA = {"kind": "first", "novelty": "new", "group": "food", "origin": "own_idea", "description": "Mật ong rừng"}
CASE, ACT = "/cases/{code}", "/cases/{code}/actions/{event}"
READER = "officer-VS"
EXAMPLES, STEPS = 12, 25
EVERY = {"register", "act", "refused", "stale", "again", "another's", "paper", "let go", "list", "look back", "history"}
NOT_HERE = frozenset({"override", "register"})
ENDS = frozenset({"withdraw", "decline", "eliminate", "defer"})
MOST = 3
"""Dossiers of one example."""
PEOPLE_, WHICH = st.sampled_from(PEOPLE), st.integers(0, 50)


class Dossiers(RuleBasedStateMachine):
    """One example is a few dossiers of a few producers; all examples share an installation."""

    client: ClassVar[Client]
    done: ClassVar[dict[str, int]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, Told] = {}
        self.sent: list[Sent] = []

    # What is known.

    def note(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1

    def now(self) -> Any:
        return self.client.house.clock.now()

    def one(self, which: int) -> str:
        """One of the cases; there always is one."""
        return sorted(self.known)[which % len(self.known)]

    def looked(self, code: str, person: str = READER) -> Any:
        answer = self.client.ask(person, "GET", CASE, code=code)
        assert answer.status_code == 200
        return answer

    def changed(self, code: str) -> None:
        """A case was changed on purpose: its ETag is another one, and the model learns it."""
        answer, told = self.looked(code), self.known[code]
        body = answer.json()
        assert body["version"] > told.version
        assert answer.headers["etag"] != told.etag
        told.state, told.version, told.etag = body["state"], body["version"], answer.headers["etag"]
        told.past.append((self.now(), told.state, told.version))

    def same(self, code: str) -> None:
        """Nothing was changed: whoever has the case already is told so."""
        told = self.known[code]
        answer = self.client.ask(READER, "GET", CASE, headers={"If-None-Match": told.etag}, code=code)
        assert answer.status_code == 304, answer.text
        assert answer.headers["etag"] == told.etag

    @invariant()
    def every_case_is_as_it_was_told(self) -> None:
        for code in self.known:
            self.same(code)

    # Writes.

    @initialize(producer=st.sampled_from(PRODUCERS), choices=st.lists(st.integers(0, 50), max_size=4))
    def begin(self, producer: str, choices: list[int]) -> None:
        self.register(producer, choices)

    @rule(producer=st.sampled_from(PRODUCERS), choices=st.lists(st.integers(0, 50), max_size=4))
    def register(self, producer: str, choices: list[int]) -> None:
        """A dossier, and perhaps some steps on its way at once."""
        if len(self.known) < MOST:
            code = self.register_one(producer)
            for choice in choices:
                self.one_act(code, producer, choice)

    def register_one(self, producer: str) -> Any:
        product = next(self.client.products[producer])
        body = {"product": product, **IDEA}
        key = f"r-{next(self.client.keys)}"
        tried = self.client.write(producer, "/cases", body, key=key, query="dry_run=true")
        assert tried.status_code == 200
        answer = self.client.write(producer, "/cases", body, key=key)
        assert answer.status_code == 201
        code = answer.headers["location"].rpartition("/")[2]
        seen = self.looked(code)
        shown = seen.json()
        assert (shown["code"], shown["version"], shown["state"]) == (code, 1, "idea_registered")
        assert shown["product"]["code"] == product
        self.known[code] = Told(code, product, shown["state"], 1, seen.headers["etag"], [(self.now(), shown["state"], 1)])
        again = self.client.write(producer, "/cases", body, key=key)
        assert (again.status_code, again.headers["idempotency-replayed"], again.json()) == (201, "true", answer.json())
        assert self.client.write(producer, "/cases", {**body, "description": "Khác"}, key=key).status_code == 422
        assert self.client.write(producer, "/cases", body).status_code == 409
        self.note("register")
        return code

    @rule(which=WHICH, person=PEOPLE_, choice=st.integers(0, 50))
    def act(self, which: int, person: str, choice: int) -> None:
        """What is offered is done; where somebody is offered nothing, whoever is."""
        self.one_act(self.one(which), person, choice)

    def one_act(self, code: str, person: str, choice: int) -> Sent | None:
        offered = self.offers(code, person)
        if not offered:
            person, offered = next(((p, o) for p in PEOPLE if (o := self.offers(code, p))), (person, []))
        if not offered:
            return None
        event = offered[choice % len(offered)]
        told = self.known[code]
        body = self.client.typed(code, event, person)
        headers = {"If-Match": told.etag, "Idempotency-Key": f"key-{next(self.client.keys)}"}
        tried = self.client.ask(person, "POST", ACT, body, headers, code=code, event=event, query="dry_run=true")
        self.same(code)
        answer = self.client.ask(person, "POST", ACT, body, headers, code=code, event=event)
        assert tried.status_code == answer.status_code, (event, tried.text, answer.text)
        if answer.status_code != 200:
            # It is offered to the person, but what was typed does not fit.
            assert answer.status_code in {409, 422}, (event, answer.text)
            self.same(code)
            return None
        self.changed(code)
        assert answer.json()["case"]["state"] == told.state == tried.json()["case"]["state"]
        assert answer.json()["case"]["version"] == told.version
        self.note("act")
        sent = Sent(person, event, body, headers, 200, answer.json())
        self.sent.append(sent)
        return sent

    def offers(self, code: str, person: str) -> list[str]:
        answer = self.client.ask(person, "GET", "/cases/{code}/actions", code=code)
        if answer.status_code == 404:
            assert self.client.ask(person, "GET", CASE, code=code).status_code == 404
            return []
        assert answer.json()["state"] == self.known[code].state
        possible = [each["event"] for each in answer.json()["actions"] if each["allowed"] and each["event"] not in NOT_HERE]
        return [event for event in possible if event not in ENDS] or possible

    @rule(which=WHICH, person=PEOPLE_, choice=st.integers(0, 50))
    def act_that_is_not_offered(self, which: int, person: str, choice: int) -> None:
        code = self.one(which)
        answer = self.client.ask(person, "GET", "/cases/{code}/actions", code=code)
        if answer.status_code == 404:
            event, expected = "select", {404}
        else:
            barred = [each["event"] for each in answer.json()["actions"] if not each["allowed"] and each["event"] not in NOT_HERE]
            if not barred:
                return
            event, expected = barred[choice % len(barred)], {403, 409, 422}
        seen = {"If-Match": self.known[code].etag, "Idempotency-Key": f"key-{next(self.client.keys)}"}
        body = self.client.typed(code, event, person)
        refused = self.client.ask(person, "POST", ACT, body, seen, code=code, event=event)
        assert refused.status_code in expected, (event, person, refused.text)
        self.same(code)
        self.note("refused")

    @rule(which=WHICH, person=PEOPLE_, old=st.integers(0, 9))
    def act_on_what_is_not_the_present(self, which: int, person: str, old: int) -> None:
        code = self.one(which)
        told = self.known[code]
        if self.client.ask(person, "GET", CASE, code=code).status_code == 404:
            return
        event = (self.offers(code, person) or ["select"])[0]
        body = self.client.typed(code, event, person)
        seen = told.past[old % len(told.past)][2]
        stale = self.client.write(person, ACT, body, seen=f'"{seen if seen != told.version else seen + 1}"', code=code, event=event)
        assert stale.status_code == 412, stale.text
        assert (stale.json()["case"]["state"], stale.json()["case"]["version"]) == (told.state, told.version)
        assert self.client.write(person, ACT, body, code=code, event=event).status_code == 428
        assert self.client.ask(person, "POST", ACT, body, {"If-Match": told.etag}, code=code, event=event).status_code == 400
        assert self.client.write(person, ACT, body, seen='"nonsense', code=code, event=event).status_code == 422
        self.same(code)
        self.note("stale")

    @precondition(lambda self: self.sent)
    @rule(which=WHICH)
    def send_again(self, which: int) -> None:
        """However far the case has gone since, the same request gets the same answer; another body under its key is refused."""
        sent = self.sent[which % len(self.sent)]
        code = str(sent.answer["case"]["code"])
        again = self.client.ask(sent.person, "POST", ACT, sent.body, sent.headers, code=code, event=sent.event)
        assert (again.status_code, again.headers["idempotency-replayed"]) == (sent.status, "true")
        assert again.json() == sent.answer
        other = self.client.ask(sent.person, "POST", ACT, {**sent.body, "reason": "Khác"}, sent.headers, code=code, event=sent.event)
        assert (other.status_code, other.json()["code"]) == (422, "command_reused"), other.text
        self.same(code)
        self.note("again")

    @precondition(lambda self: self.sent)
    @rule(which=WHICH, person=PEOPLE_)
    def send_what_another_sent(self, which: int, person: str) -> None:
        """A key belongs to who sent it: nobody else gets the answer, nor finds out that there was one."""
        sent = self.sent[which % len(self.sent)]
        code = str(sent.answer["case"]["code"])
        if person == sent.person:
            return
        answer = self.client.ask(person, "POST", ACT, sent.body, sent.headers, code=code, event=sent.event)
        assert answer.status_code in {403, 404, 409, 412, 422}, answer.text
        assert "idempotency-replayed" not in answer.headers
        self.same(code)
        self.note("another's")

    @rule(which=WHICH, hours=st.integers(1, 20), refuse=st.booleans())
    def type_from_paper(self, which: int, hours: int, refuse: bool) -> None:
        """An act done on paper some days ago waits for a second person, and is nothing until then."""
        code = self.one(which)
        told = self.known[code]
        if told.state != "idea_registered":
            return
        begun, district = told.past[0][0], f"H{told.product[1]}"
        house = self.client.house
        house.clock.move(max(house.clock.now(), begun + timedelta(days=8)))
        on = (begun + timedelta(hours=hours)).astimezone(VIETNAM)
        body = {"document_no": "3/TB", "document_date": on.date().isoformat(), "acted_on": on.isoformat()}
        asked = self.client.write(f"authority-{district}", ACT, body, seen=told.etag, code=code, event="select")
        if asked.status_code == 200:
            # So few of the days between were working days that nobody else has to look at it.
            self.changed(code)
            return
        assert asked.status_code == 202, asked.text
        waiting = asked.json()["receipt"]["confirmation"]
        self.changed_or_same(code)
        assert told.state == "idea_registered"
        items = self.client.ask("officer-VS", "GET", "/confirmations").json()["items"]
        assert waiting in [each["id"] for each in items]
        own = self.client.write(
            f"authority-{district}", "/confirmations/{confirmation}", {"confirm": True}, seen=f'"{told.version}"', confirmation=waiting
        )
        assert own.status_code in {403, 409}, own.text
        self.same(code)
        word = {"confirm": False, "reason": "Sai"} if refuse else {"confirm": True}
        answer = self.client.write(
            f"officer-{district}", "/confirmations/{confirmation}", word, seen=f'"{told.version}"', confirmation=waiting
        )
        assert answer.status_code == 200, answer.text
        self.changed_or_same(code)
        assert told.state == ("idea_registered" if refuse else "selected")
        assert waiting not in [each["id"] for each in self.client.ask("officer-VS", "GET", "/confirmations").json()["items"]]
        self.note("paper")

    def changed_or_same(self, code: str) -> None:
        """The ETag is another one exactly where what is shown is."""
        answer, told = self.looked(code), self.known[code]
        body = answer.json()
        if answer.headers["etag"] != told.etag:
            told.state, told.version, told.etag = body["state"], body["version"], answer.headers["etag"]
            told.past.append((self.now(), told.state, told.version))
        assert (body["state"], body["version"]) == (told.state, told.version)

    # Who.

    @rule(person=PEOPLE_, disable=st.booleans())
    def let_somebody_go(self, person: str, disable: bool) -> None:
        """A token that was revoked, or whose person was shut out, opens nothing from then on; a new one opens everything again."""
        if person == "admin-VS":
            return
        secret, row = self.client.tokens[person]
        if disable:
            self.client.house.identity.accounts.disable(
                self.client.house.registry, person, "Nghỉ", by=self.admin(), day=self.client.house.identity.today()
            )
        else:
            self.client.house.identity.tokens.revoke(row, person=person)
        for template in ("/cases", "/worklists/counts"):
            assert self.client.ask(person, "GET", template).status_code == 401
        for code in self.known:
            answer = self.client.write(person, ACT, {}, seen=self.known[code].etag, code=code, event="withdraw")
            assert answer.status_code == 401
        if disable:
            self.client.house.identity.accounts.enable(
                self.client.house.registry, person, "Về", by=self.admin(), day=self.client.house.identity.today()
            )
            assert self.client.ask(person, "GET", "/cases").status_code == 401
        self.client.tokens[person] = self.client.token(person)
        assert self.client.ask(person, "GET", "/cases").status_code == 200
        assert secret != self.client.tokens[person][0]
        self.note("let go")

    def admin(self) -> Any:
        return Asker("admin-VS", "session")

    # Reads.

    @rule(person=PEOPLE_, limit=st.integers(1, 3), sort=st.sampled_from(["due_at", "code"]))
    def list_all(self, person: str, limit: int, sort: str) -> None:
        """Page by page, each case once, as it stands; nobody sees more than they may see one by one."""
        if not self.known:
            return
        found: dict[str, str] = {}
        first = min(self.known)
        query = f"limit={limit + 9}&sort={sort}"
        for _ in range(60):
            answer = self.client.ask(person, "GET", "/cases", query=query)
            body = answer.json()
            for each in body["items"]:
                assert each["code"] not in found, "a case stands on one page"
                found[each["code"]] = each["state"]
            if body["next"] is None:
                break
            query = f"limit={limit + 9}&sort={sort}&cursor={body['next']}"
        for code, told in self.known.items():
            seen = self.client.ask(person, "GET", CASE, code=code).status_code == 200
            assert (code in found) is seen
            assert not seen or found[code] == told.state
        assert person != READER or self.client.filed <= set(found)
        small = self.client.ask(person, "GET", "/cases", query=f"limit={limit}&sort=code&product={self.known[first].product}").json()
        assert [each["code"] for each in small["items"]] == ([first] if first in found else [])
        self.note("list")

    @rule(which=WHICH, back=st.integers(0, 20), person=st.sampled_from(OFFICES))
    def look_back(self, which: int, back: int, person: str) -> None:
        """The case as of an instant is what it was told to be then."""
        code = self.one(which)
        told = self.known[code]
        self.client.house.wait(seconds=2)
        at, state, version = told.past[back % len(told.past)]
        later = [each[0] for each in told.past if each[0] > at]
        # Several acts at one instant: the last of them is how the case stood.
        state, version = next((s, v) for t, s, v in reversed(told.past) if t == at)
        moment = (at + timedelta(seconds=1)).astimezone(VIETNAM).isoformat().replace("+", "%2B")
        if later and min(later) <= at + timedelta(seconds=1):
            return
        answer = self.client.ask(person, "GET", CASE, code=code, query=f"as_of={moment}")
        if answer.status_code == 404:
            assert self.client.ask(person, "GET", CASE, code=code).status_code == 404
            return
        assert answer.status_code == 200, answer.text
        assert (answer.json()["state"], answer.json()["version"]) == (state, version)
        before = (told.past[0][0] - timedelta(seconds=1)).astimezone(VIETNAM).isoformat().replace("+", "%2B")
        assert self.client.ask(READER, "GET", CASE, code=code, query=f"as_of={before}").status_code == 404
        self.note("look back")

    @rule(which=WHICH, person=st.sampled_from(OFFICES))
    def read_what_happened(self, which: int, person: str) -> None:
        code = self.one(which)
        answer = self.client.ask(person, "GET", "/cases/{code}/history", code=code)
        if answer.status_code == 404:
            return
        items = answer.json()["items"]
        assert [each["case_seq"] for each in items] == list(range(1, len(items) + 1))
        assert items[-1]["prev"] == (items[-2]["leaf_hash"] if len(items) > 1 else "0" * 64)
        assert {s.answer["receipt"]["leaf_hash"] for s in self.sent if s.answer["case"]["code"] == code} <= {
            each["leaf_hash"] for each in items
        }
        self.client.ask(person, "GET", "/cases/{code}/deadlines", code=code)
        self.client.ask(person, "GET", "/cases/{code}/timeline", code=code)
        self.note("history")

    @rule(minutes=st.integers(1, 600))
    def wait(self, minutes: int) -> None:
        self.client.house.wait(minutes=minutes)


def each_once(machine: Dossiers) -> None:
    """Every rule once, in an order in which each finds something to do; chance does the rest."""
    machine.begin("producer-P1", [])
    machine.act_that_is_not_offered(0, "auditor-VS", 0)
    machine.type_from_paper(0, 5, refuse=True)
    machine.type_from_paper(0, 5, refuse=False)
    machine.act(0, "producer-P1", 0)
    machine.send_again(0)
    machine.send_what_another_sent(0, "officer-VS")
    machine.act_on_what_is_not_the_present(0, "officer-H1", 0)
    machine.let_somebody_go("officer-X1", disable=True)
    machine.list_all(READER, 1, "due_at")
    machine.look_back(0, 0, READER)
    machine.read_what_happened(0, READER)
    machine.every_case_is_as_it_was_told()


def test_nothing_that_several_people_do_in_any_order_loses_repeats_or_invents_an_act(database_url: str, tmp_path: Path):
    with house_at(database_url, tmp_path, now="2021-01-11 08:00", public_url=None) as house:
        house.world.publish(plan_file("KH-2021", 2021, TWO_ROUNDS))
        Dossiers.client, Dossiers.done = Client(house), {}
        each_once(Dossiers())
        run_state_machine_as_test(
            Dossiers,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                derandomize=True,
                deadline=None,
                # The installation goes on from example to example, so that none can be made smaller by trying it again.
                phases=[Phase.generate],
                report_multiple_bugs=False,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        assert set(Dossiers.done) == EVERY, Dossiers.done
        assert Dossiers.done["act"] > 1, Dossiers.done
        assert {200, 400, 401, 403, 404, 409, 412, 422, 428} <= set().union(*Dossiers.client.statuses.values())
        assert list(drifts(house.world.store)) == []
        assert verify_log(house.world.store).ok
