"""``/delegations``: what one gives to others and takes from them."""

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.asking import READ, WRITE, Asked, Key, ask
from api.identity.asking import answer
from api.identity.schemas import DelegationGiven, DelegationOut, DelegationsOut, ReasonGiven
from api.identity.tokens import ADMIN
from api.once import once
from api.schemas.common import LONGEST_CODE, problems
from api.strict import MemberRoute
from states.chart import Seat
from states.vocabulary import DelegationState
from workflow.delegations import Delegate
from workflow.rows import DelegationRow

router = APIRouter(prefix="/delegations", route_class=MemberRoute, tags=["delegations"])


@router.get("", response_model=DelegationsOut, responses=problems())
def list_delegations(request: Request) -> Response:
    """Ủy quyền mình đã giao và đã nhận · what you have given and taken."""
    asked = ask(request, READ)
    rows = asked.run.delegations.of(asked.caller.person)
    return answer(DelegationsOut(items=[_shown(asked, row) for row in rows]))


@router.post("", status_code=201, response_model=DelegationOut, responses=problems(400, 404, 409, 412))
def give(request: Request, body: DelegationGiven, key: Key = None) -> Response:
    """Ủy quyền chức năng của mình, cả hoặc một phần, có ngày bắt đầu và kết thúc · delegate your function for some days."""
    # What is handed on outlives the token that handed it on: one that was stolen for acts on cases must not do it.
    asked = ask(request, ADMIN)

    def work(command: str) -> tuple[int, dict[str, Any], int | None]:
        wanted = Delegate(
            seat=Seat.parse(body.seat), unit=body.unit, taker=body.taker, first=body.first, last=body.last, document_no=body.document_no,
            reason=body.reason, events=tuple(body.events), command=command,
        )  # fmt: skip
        return 201, _shown(asked, asked.run.delegations.give(wanted, actor=asked.caller.person)).model_dump(), None

    return once(asked, key, body.model_dump(), work)


@router.post("/{code}/revoke", response_model=DelegationOut, responses=problems(404, 409, 412))
def revoke(request: Request, code: Annotated[str, Path(max_length=LONGEST_CODE)], body: ReasonGiven) -> Response:
    """Chấm dứt ủy quyền ngay · end a delegation at once."""
    asked = ask(request, WRITE)
    return answer(_shown(asked, asked.run.delegations.revoke(code, actor=asked.caller.person, reason=body.reason)))


def _shown(asked: Asked, row: DelegationRow) -> DelegationOut:
    registry, today = asked.registry, asked.today.isoformat()
    return DelegationOut(
        code=row.code,
        giver=row.giver,
        giver_name=registry.person(row.giver).name,
        taker=row.taker,
        taker_name=registry.person(row.taker).name,
        seat=f"{row.function}@{row.level}",
        unit=row.unit,
        unit_name=registry.unit_name(row.unit, asked.today),
        events=list(row.events),
        first=date.fromisoformat(row.valid_from),
        last=date.fromisoformat(row.valid_to) - timedelta(days=1),
        document_no=row.document_no,
        state=str(row.state),
        in_force=row.state is DelegationState.GIVEN and row.valid_from <= today < row.valid_to,
    )
