"""What an operation on many cases goes on by when the request that began it is over: its owner's session or token, and the account."""

from collections.abc import Callable
from datetime import date

from api.bootstrap import Runtime
from api.identity.rights import needs_second_factor
from api.identity.sessions import REHEARSAL
from states.regime import local_date
from workflow.accounts import AccountRow, Known, SessionRow
from workflow.bulk import Owner
from workflow.credentials import AskerClosed, AskerOwesFactor, AskerRevoked, Credential
from workflow.operations import BulkOperation


def owner_of(run: Runtime) -> Owner:
    """How to find what an operation's owner is let in by, in an installation.

    A session that has run out or was left, and a token that has expired, still count: they were good when the operation was accepted. One
    that somebody ended does not, nor does one of a closed account, nor one that nobody knows any more.
    """

    def owner(operation: BulkOperation) -> Credential:
        again = _looking(run, operation)
        return Credential(again(), again, operation.credential or "")

    return owner


def _looking(run: Runtime, operation: BulkOperation) -> Callable[[], int]:
    shelf = run.store.identity
    kind, _, hash_ = (operation.credential or "").partition(":")

    def again() -> int:
        if not hash_:
            # It was begun where nobody signs in, or before this was kept.
            epoch = run.store.registry_epoch()
            _must_be_open(next(iter(shelf.find(AccountRow, {"person": operation.person})), None))
            return epoch
        found = (shelf.session if kind == "session" else shelf.token)(bytes.fromhex(hash_))
        if found is None:
            raise AskerRevoked
        _must_be_open(found.account)
        ended = found.row.ended_at if isinstance(found.row, SessionRow) else found.row.revoked_at
        if ended is not None:
            raise AskerRevoked
        registry = run.engine.world(fresh=True).registry
        if not run.rehearsal and not _protected(found) and needs_second_factor(registry, operation.person, _today(run)):
            raise AskerOwesFactor
        return found.epoch

    return again


def _must_be_open(account: AccountRow | None) -> None:
    if account is not None and account.disabled_at is not None:
        raise AskerClosed


def _protected(found: Known) -> bool:
    row = found.row
    if isinstance(row, SessionRow):
        return row.strong or row.via == REHEARSAL
    return found.account is not None and found.account.totp is not None


def _today(run: Runtime) -> date:
    return local_date(run.clock.now())
