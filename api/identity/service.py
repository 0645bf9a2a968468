"""Identity as a whole, built once over a runtime."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from api.bootstrap import Runtime
from api.identity.access_log import Access, AccessLog, Asker
from api.identity.accounts import Accounts
from api.identity.passwords import Hasher
from api.identity.sessions import Sessions
from api.identity.signing_in import SignIn
from api.identity.tokens import Tokens
from api.identity.vault import Vault, open_vault
from states.regime import local_date
from workflow.accounts import Add, TokenRow
from workflow.clock import Clock, SystemClock
from workflow.registry import Registry


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything that finds out who asks.

    Attributes:
        clock: Of sign-ins and sessions. A rehearsal's own clock leaps over weeks, so sessions go by the machine's.
    """

    runtime: Runtime
    clock: Clock
    vault: Vault
    sessions: Sessions
    tokens: Tokens
    accounts: Accounts
    sign_in: SignIn
    log: AccessLog

    def registry(self, epoch: int | None = None) -> Registry:
        """Units, people and functions as they are; a given epoch that is the one known spares a look."""
        engine = self.runtime.engine
        known = engine.world()
        return known.registry if epoch == known.epoch else engine.world(fresh=True).registry

    def token_record(self, by: Asker) -> Callable[[TokenRow], Add]:
        """What is written down of a token that somebody makes."""
        return lambda row: self.log.record(Access.TOKEN_CREATED, row.person, by, f"{row.id} {row.scopes}")

    def today(self) -> date:
        """The local day that rights are judged on."""
        return local_date(self.runtime.clock.now())


def build_identity(runtime: Runtime, *, clock: Clock | None = None, hasher: Hasher | None = None) -> Identity:
    """Build identity over a runtime.

    Args:
        runtime: The database and its services.
        clock: Instead of the machine's.
        hasher: Instead of argon2id at its full cost.

    Raises:
        StoreUnsafe: The installation's key cannot be read.
    """
    chosen = clock or (SystemClock() if runtime.rehearsal else runtime.clock)
    shelf, vault = runtime.store.identity, open_vault(runtime.settings)
    hashing = hasher or Hasher()
    sessions, tokens, log = Sessions(shelf, chosen), Tokens(shelf, chosen), AccessLog(shelf, chosen)
    accounts = Accounts(shelf, chosen, hashing, vault, sessions, tokens, log)
    sign_in = SignIn(shelf, chosen, hashing, accounts, sessions, rehearsal=runtime.rehearsal)
    return Identity(runtime, chosen, vault, sessions, tokens, accounts, sign_in, log)
