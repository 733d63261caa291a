"""How the platform's values are made quickly: dataclasses whose methods are closures, not programs compiled one by one.

Until Python 3.13 `dataclasses` writes every method of every class as text and compiles it by itself: seven thousand
little programs, a third of a start. All of them but `__init__` do the same for every class, so here they are closures
over the names of the class's fields, with the same meaning to the letter. `__init__` is compiled when the first value
of its class is made: most classes of the contract have none, and most others none soon. Later versions of Python
compile once per class and are left alone. `domain/__init__.py` sees to it that this comes before the first value.

A frozen value of many fields is filled while it is open: `object.__setattr__`, which is how `dataclasses` gets past
its own lock, takes ten times as long as an assignment, and to open a claim takes some six hundred of them. So each such
class has a twin with the same slots and without the lock; a new value is of the twin's class while `__init__` puts its
members in place, and of its own again before anybody else sees it.
"""

import dataclasses
import operator
import sys
from collections.abc import Callable, Iterable
from functools import cache
from reprlib import recursive_repr
from types import FunctionType
from typing import Any, Final, TypeVar

Fields = Iterable["dataclasses.Field[Any]"]
Names = tuple[str, ...]

OPERATIONS: Final = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

OURS: Final = frozenset({"api", "domain", "storage"})
"""The packages whose classes are many; in others somebody may ask for the signature of an `__init__`."""

FEW: Final = 4
"""Fields from which on it pays to open a value: to open and to close it takes as long as three locked assignments."""

F = TypeVar("F", bound=Callable[..., Any])


def _names(_of: str, fields: Fields) -> Names:
    return tuple([field.name for field in fields])


@cache
def _members(names: Names) -> Callable[[Any], tuple[Any, ...]]:
    """Reads the attributes of those names as a tuple."""
    if len(names) > 1:
        return operator.attrgetter(*names)
    return lambda value: tuple([getattr(value, name) for name in names])


def _init(*about: Any) -> Callable[..., None]:
    """An `__init__` that puts the compiled one in its place when it is called; of our own classes only."""
    *_, globals_, _slots = about
    if globals_.get("__name__", "").partition(".")[0] not in OURS:
        compiled_now: Callable[..., None] = _compiled_init(*about)
        return compiled_now

    def first(*given: Any, **named: Any) -> None:
        compiled = _compiled_init(*about)
        for owner in type(given[0]).__mro__:
            if owner.__dict__.get("__init__") is first:
                compiled = _opening(owner, compiled, *about)
                setattr(owner, "__init__", compiled)  # noqa: B010 - to a checker, classes do not change
        compiled.__qualname__ = first.__qualname__
        compiled(*given, **named)

    return _named("__init__", first)


def _opening(
    kind: Any,
    locked: Callable[..., None],
    fields: Fields,
    ordered: Fields,
    named: Fields,
    frozen: bool,
    checked: bool,
    self: str,
    globals_: Any,
    slots: bool,
) -> Callable[..., None]:
    """What `locked` does, done to an open value of `kind` where that is quicker. An heir's value stays locked."""
    members = tuple([field.name for field in ordered])
    alone = kind.__bases__ == (object,) and kind.__dict__.get("__slots__") == members
    if not (frozen and slots and alone) or len(members) < FEW:
        return locked
    known = {
        "KIND": kind,
        "LOCKED": locked,
        "OPEN": type(kind.__name__, (), {"__slots__": kind.__slots__, "__doc__": None}),
        "BECOME": object.__dict__["__class__"].__set__,
        "TYPE": type,
    }

    def create(name: str, given: list[str], lines: list[str], **more: Any) -> Callable[..., None]:
        after = [lines.pop()] if checked else []
        lines = [
            f"if TYPE({self}) is not KIND: return LOCKED({self}, {', '.join(members)})",
            f"BECOME({self}, OPEN)",
            *lines,
            f"{self}.__class__ = KIND",
            *after,
        ]
        more["locals"] |= known
        created: Callable[..., None] = _create(name, given, lines, **more)
        return created

    composed = FunctionType(_compiled_init.__code__, {**vars(dataclasses), "_create_fn": create})
    opening: Callable[..., None] = composed(fields, ordered, named, False, checked, self, globals_, slots)
    return opening


def _repr(fields: Fields, _globals: Any) -> Callable[[Any], str]:
    names = _names("self", fields)

    def told(self: Any) -> str:
        return f"{self.__class__.__qualname__}({', '.join([f'{name}={getattr(self, name)!r}' for name in names])})"

    return recursive_repr()(_named("__repr__", told))


def _compare(name: str, operation: str, names: Names, _same: Names, **_globals: Any) -> Callable[[Any, Any], Any]:
    members, holds = _members(names), OPERATIONS[operation]

    def compared(self: Any, other: Any) -> Any:
        return holds(members(self), members(other)) if other.__class__ is self.__class__ else NotImplemented

    return _named(name, compared)


def _hash(fields: Fields, _globals: Any) -> Callable[[Any], int]:
    members = _members(_names("self", fields))

    def digested(self: Any) -> int:
        return hash(members(self))

    return _named("__hash__", digested)


def _frozen(cls: Any, fields: Fields, _globals: Any) -> tuple[Callable[..., None], Callable[..., None]]:
    names = _names("self", fields)

    def assign(self: Any, name: str, value: Any) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def delete(self: Any, name: str) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return _named("__setattr__", assign), _named("__delattr__", delete)


def _named(name: str, method: F) -> F:
    method.__name__ = name
    return method


if sys.version_info < (3, 13):
    _compiled_init: Any = getattr(dataclasses, "_init_fn")  # noqa: B009 - not in its stubs
    _create: Callable[..., Callable[..., None]] = getattr(dataclasses, "_create_fn")  # noqa: B009 - nor this
    for _private, _ours in {
        "_init_fn": _init,
        "_tuple_str": _names,
        "_repr_fn": _repr,
        "_cmp_fn": _compare,
        "_hash_fn": _hash,
        "_frozen_get_del_attr": _frozen,
    }.items():
        getattr(dataclasses, _private)  # an AttributeError tells of a Python that makes them otherwise
        setattr(dataclasses, _private, _ours)
