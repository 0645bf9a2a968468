"""Values that are filled quickly. Pure.

A frozen dataclass fills each field through ``object.__setattr__``, which costs more than everything else about making a value; one act makes
some thirty of them with more than two hundred fields.
"""

import inspect
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

T = TypeVar("T")


def quickly(cls: type[T]) -> type[T]:
    """Let a frozen, slotted dataclass be filled at the price of one that is not frozen; nothing else about it changes.

    While its own ``__init__`` runs, and nobody else has it yet, a value is of a class with the same slots and without the lock.

    Raises:
        TypeError: The class is not frozen, or has a base, no slots, or something to do beside filling: none of that is taken over.
    """
    filled: tuple[Field[Any], ...] = fields(cls)  # type: ignore[arg-type]
    frozen = cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
    if not frozen or cls.__bases__ != (object,) or "__slots__" not in vars(cls) or hasattr(cls, "__post_init__"):
        message = f"{cls.__name__} is no plain frozen dataclass with slots"
        raise TypeError(message)
    known: dict[str, Any] = {
        "_become": vars(object)["__class__"].__set__,
        "_unlocked": type(cls.__name__, (), {"__slots__": vars(cls)["__slots__"]}),
    }
    head, body, named = [], [], False
    for name, parameter in inspect.signature(cls.__init__).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY and not named:
            named = True
            head.append("*")
        known[f"_default_{name}"] = parameter.default
        head.append(name if parameter.default is parameter.empty else f"{name}=_default_{name}")
    for field in filled:
        known[f"_make_{field.name}"] = field.default_factory
        made = "" if field.default_factory is MISSING else f"_make_{field.name}() if {field.name} is _default_{field.name} else "
        body.append(f"self.{field.name}={made}{field.name}")
    lines = [f"def __init__({','.join(head)}):", "_own=self.__class__", "_become(self,_unlocked)", *body, "self.__class__=_own"]
    exec("\n ".join(lines), known)  # noqa: S102 - made of the names of the fields alone, as dataclasses make theirs
    made_init = known["__init__"]
    made_init.__qualname__, made_init.__module__ = f"{cls.__name__}.__init__", cls.__module__
    made_init.__annotations__ = cls.__init__.__annotations__
    cls.__init__ = made_init  # type: ignore[method-assign]
    return cls
