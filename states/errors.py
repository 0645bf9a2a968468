"""The one error tree.

::

    CycleError                      code and detail; words in two languages come from ``states.words``
     ├─ MalformedInput              cannot be read, or has the wrong shape; nothing is written
     │   ├─ PayloadInvalid          fields of an event's payload, one problem per field
     │   ├─ UnknownName             an event, state, regime, stage, unit or person that does not exist
     │   └─ PlanInvalid             a plan file that is broken or contradicts itself
     ├─ DefinitionUnsound           a chart, regime or rights table that fails its own checks
     ├─ NotFound                    no such case, round, plan or certificate
     ├─ OutsideTerritory            it exists, but the asker may not see it
     ├─ StaleCase                   somebody else was faster
     ├─ NotAllowed                  this person may not do it (rights, separation of duties)
     ├─ EventRefused                the event may not happen now; carries *all* reasons
     └─ StoreUnsafe                 the database cannot be trusted to keep what it is given
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from states.refusal import Refusal


class CycleError(Exception):
    """Root of every error this product raises on purpose.

    Attributes:
        code: Stable machine name, also the key of the words in ``states/labels``.
        detail: Plain values that the words are filled with.
    """

    code = "cycle_error"

    def __init__(self, code: str | None = None, **detail: object) -> None:
        """Keep the code (the class's own unless given) and the values for its words."""
        self.code = code or type(self).code
        self.detail: dict[str, object] = detail
        super().__init__(self.code, detail)

    def __str__(self) -> str:
        """``code: name=value, …`` for logs; people get the words of ``states.words``."""
        inner = ", ".join(f"{name}={value}" for name, value in self.detail.items())
        return f"{self.code}: {inner}" if inner else self.code


class MalformedInput(CycleError):
    """What was handed in cannot be read, or has the wrong shape."""

    code = "malformed_input"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one place of an input.

    Attributes:
        pointer: Where, as a JSON pointer such as ``/mean`` or ``/deadline/3/phrase``.
        code: What, a key of ``[problem]`` in ``states/labels``.
        detail: Values for the words.
    """

    pointer: str
    code: str
    detail: dict[str, object] = field(default_factory=dict)


class _WithProblems(MalformedInput):
    def __init__(self, problems: Iterable[Problem], **detail: object) -> None:
        """Keep every problem found, not only the first."""
        self.problems = tuple(problems)
        super().__init__(None, **detail)

    def __str__(self) -> str:
        """The code and where each problem lies."""
        return f"{self.code}: " + "; ".join(f"{p.pointer} {p.code} {p.detail or ''}".rstrip() for p in self.problems)


class PayloadInvalid(_WithProblems):
    """An event's payload does not have the declared fields."""

    code = "payload_invalid"


class PlanInvalid(_WithProblems):
    """A plan file is broken or contradicts itself."""

    code = "plan_invalid"


class UnknownName(MalformedInput):
    """Something was named that does not exist. Detail: ``what``, ``name`` and, where it helps, ``known``."""

    code = "unknown_name"


class DefinitionUnsound(CycleError):
    """A definition fails its own checks. Detail: ``findings``."""

    code = "definition_unsound"


class NotFound(CycleError):
    """Nothing is stored under this name. Detail: ``what``, ``name``."""

    code = "not_found"


class OutsideTerritory(CycleError):
    """The case lies outside the asker's territory, so it may not even be seen. Detail: ``case``, ``unit``."""

    code = "outside_territory"


class StaleCase(CycleError):
    """Somebody else was faster. Detail: ``case``, ``expected``, ``version`` and ``state`` as they are now."""

    code = "stale_case"


class _WithReasons(CycleError):
    def __init__(self, reasons: "Iterable[Refusal]", **detail: object) -> None:
        """Keep every reason; there is always at least one."""
        self.reasons = tuple(reasons)
        super().__init__(None, **detail)

    def __str__(self) -> str:
        """The code, what was asked, and the code of each reason."""
        return f"{super().__str__()} [{', '.join(r.code for r in self.reasons)}]"


class NotAllowed(_WithReasons):
    """This person may not do it. Detail: ``case``, ``event``."""

    code = "not_allowed"


class EventRefused(_WithReasons):
    """The event may not happen now. Detail: ``case``, ``event``, ``state``."""

    code = "event_refused"


class StoreUnsafe(CycleError):
    """The database cannot be trusted with the history, so the service does not start."""

    code = "store_unsafe"
