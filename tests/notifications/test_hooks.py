"""Webhooks of an office: who sets them up, how their secrets change, and a signed event that tries them."""

import json
from collections.abc import Iterator

import pytest
from standardwebhooks import Webhook

from notifications.channels.network import networks
from notifications.channels.settings import ChannelUnfit, Endpoint, WebhookSettings
from notifications.channels.webhook import WebhookChannel
from notifications.hooks import Hooks, HookState
from notifications.messages import Accepted, Later
from notifications.offices import OfficeOnly
from states.errors import NotFound, UnknownName
from tests.support.hooks import HookServer, answering
from tests.support.told import Told, told_at

URL = "https://nhan.example/hook"


@pytest.fixture
def told(database_url: str) -> Iterator[Told]:
    with told_at(database_url) as made:
        yield made


def hooks(told: Told) -> Hooks:
    return Hooks(told.store, told.world.engine.world(fresh=True).registry, told.world.clock)


def test_a_receiver_hears_from_now_on_and_its_secret_is_strong(told: Told):
    told.world.registered("P1-01")
    told.tell("2021-01-11 09:00")
    made = hooks(told).add(URL, "VS", ["certify", "certify"], "officer-VS")
    assert made.row.since == told.store.log_state().size > 0
    assert made.row.events == ("certify",)
    assert Endpoint(url=URL, secrets=(made.secret,)).secrets == (made.row.secret,)
    assert hooks(told).add("https://b.example/", "VS", [], "officer-TW").secret != made.secret


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (("ftp://a.example/", "VS", [], "officer-VS"), ChannelUnfit),
        (("https://user:pass@a.example/", "VS", [], "officer-VS"), ChannelUnfit),
        ((URL, "nowhere", [], "officer-VS"), UnknownName),
        ((URL, "VS", ["fly"], "officer-VS"), UnknownName),
        ((URL, "VS", [], "nobody"), NotFound),
        ((URL, "VS", [], "officer-H1"), OfficeOnly),
        ((URL, "VS", [], "chair-VS"), OfficeOnly),
    ],
)
def test_what_cannot_be_set_up_is_refused_and_nothing_is_kept(told: Told, given: tuple[str, str, list[str], str], error: type[Exception]):
    with pytest.raises(error):
        hooks(told).add(*given)
    assert told.store.webhooks() == []


def test_an_address_is_set_up_once(told: Told):
    made = hooks(told).add(URL, "VS", [], "officer-VS")
    with pytest.raises(HookState) as refused:
        hooks(told).add(URL, "VS", [], "officer-VS")
    assert (refused.value.code, refused.value.detail["id"]) == ("hook_exists", made.row.id)


def test_a_secret_changes_in_two_steps(told: Told):
    first = hooks(told).add(URL, "VS", [], "officer-VS")
    with pytest.raises(HookState) as single:
        hooks(told).drop_old(first.row.id, "officer-VS")
    assert single.value.code == "hook_not_rotating"
    second = hooks(told).rotate(first.row.id, "officer-VS")
    assert second.row.secret.split() == [second.secret, first.secret]
    with pytest.raises(HookState) as twice:
        hooks(told).rotate(first.row.id, "officer-VS")
    assert twice.value.code == "hook_rotating"
    assert hooks(told).drop_old(first.row.id, "officer-VS").secret == second.secret


def test_it_is_turned_off_and_on_by_whoever_speaks_for_its_unit(told: Told):
    number = hooks(told).add(URL, "VS", [], "officer-VS").row.id
    with pytest.raises(OfficeOnly):
        hooks(told).turn_off(number, "", "officer-H1")
    with pytest.raises(NotFound):
        hooks(told).turn_off("wh-0", "", "officer-VS")
    assert hooks(told).turn_off(number, "", "officer-TW").off == "off"
    assert hooks(told).turn_off(number, "bảo trì\nmáy chủ", "officer-VS").off == "bảo trì máy chủ"
    assert hooks(told).turn_on(number, "officer-VS").off is None


def test_what_is_tried_is_signed_by_both_secrets_while_they_change(told: Told):
    with HookServer([answering("204 No Content"), answering("500 Oops", body=b"broken")]) as server:
        url = f"http://127.0.0.1:{server.port}/hook"
        made = hooks(told).add(url, "VS", [], "officer-VS")
        second = hooks(told).rotate(made.row.id, "officer-VS")
        settings = WebhookSettings(allowed=networks(["127.0.0.1/32"]))
        channel = WebhookChannel(settings, told.world.clock, find=lambda _: Endpoint(url=url, secrets=tuple(second.row.secret.split())))
        answer = hooks(told).test(made.row.id, "officer-VS", channel, "https://ocop.example")
        assert answer == Accepted("204")
        request = server.requests[0]
        event = json.loads(request.body)
        assert (event["type"], event["data"]) == ("vn.ocop.webhook.test.v1", {"webhook": made.row.id})
        signatures = request.headers["webhook-signature"].split(" ")
        assert len(signatures) == 2
        for secret, signature in zip((second.secret, made.secret), signatures, strict=True):
            at = told.now().replace(microsecond=0)
            assert Webhook(secret).sign(request.headers["webhook-id"], at, request.body.decode()) == signature
        failed = hooks(told).test(made.row.id, "officer-VS", channel, "https://ocop.example")
        assert isinstance(failed, Later)
        assert failed.why == "hook_failed"


def test_one_that_is_off_or_has_no_way_out_is_not_tried(told: Told):
    number = hooks(told).add(URL, "VS", [], "officer-VS").row.id
    with pytest.raises(HookState) as nowhere:
        hooks(told).test(number, "officer-VS", None, "urn:ocop")
    assert nowhere.value.code == "hook_no_way"
    hooks(told).turn_off(number, "", "officer-VS")
    with pytest.raises(HookState) as off:
        hooks(told).test(number, "officer-VS", None, "urn:ocop")
    assert off.value.code == "hook_off"
