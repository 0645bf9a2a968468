"""Are the packages ours? They own generic names, so that another distribution may bring one of the same name. Standard library alone."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOMS = ("states", "deadlines", "workflow", "notifications", "api")


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A package that does not lie beside this one, and the folder that it lies in."""

    name: str
    where: str


def misplaced(rooms: tuple[str, ...] = ROOMS) -> Misplaced | None:
    """The first of the packages that is not ours; nothing is imported to find out."""
    home = Path(__file__).resolve().parent.parent
    for room in rooms:
        spec = find_spec(room)
        where = Path(spec.origin).resolve().parent.parent if spec and spec.origin else None
        if where != home:
            return Misplaced(room, str(where or "?"))
    return None
