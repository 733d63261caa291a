"""How the platform's values are made quickly and small: dataclasses that share their methods, none compiled by itself.

Until Python 3.13 `dataclasses` writes every method of every class as text and compiles it: seven thousand little
programs, a third of a start and a tenth of a server's memory. All of them but `__init__` do the same for every class,
so here one function of each name serves all classes, with the same meaning to the letter; it looks the fields up, once
per class that is compared. `__init__` is compiled when the first value of its class is made: most classes of the
contract have none, and most others none soon. Later versions of Python compile once per class and are left alone.
`domain/__init__.py` sees to it that this comes before the first value.

A shared function serves the first class, in the order of inheritance, that was given it. So what an heir wrote itself
may call that of its bases through `super()`, but not past one of them by its name.

Better than Python's: of a frozen class with slots no attribute can be assigned to, whatever its name. Python makes such
a class twice, keeps the first in memory for this question, and then answers it with an error about `super`.

A frozen value of many fields is filled while it is open: `object.__setattr__`, which is how `dataclasses` gets past
its own lock, takes ten times as long as an assignment, and to open a claim takes some six hundred of them. So each such
class has a twin with the same slots and without the lock; a new value is of the twin's class while `__init__` puts its
members in place, and of its own again before anybody else sees it.
"""

import dataclasses
import operator
import sys
from collections.abc import Callable, Iterable
from reprlib import recursive_repr
from types import FunctionType
from typing import Any, Final

Field = dataclasses.Field[Any]
Fields = Iterable[Field]
Method = Callable[..., Any]

ORDERS: Final = {
    "__eq__": operator.eq,
    "__lt__": operator.lt,
    "__le__": operator.le,
    "__gt__": operator.gt,
    "__ge__": operator.ge,
}

LATE: Final = frozenset({"api", "domain", "storage", "graphql", "strawberry"})
"""The packages whose classes are many; in others somebody may ask for the signature of an `__init__`."""

FEW: Final = 4
"""Fields from which on it pays to open a value: to open and to close it takes as long as three locked assignments."""


class _Readers(dict[type, Callable[[Any], tuple[Any, ...]]]):
    """Class -> what reads the fields that a shared method is about as a tuple, made when it is first wanted."""

    def __init__(self, method: Method, counts: Callable[[Field], bool | None]) -> None:
        super().__init__()
        self._method, self._counts = method, counts

    def __missing__(self, cls: type) -> Callable[[Any], tuple[Any, ...]]:
        fields = dataclasses.fields(_owner(cls, self._method))
        names = [field.name for field in fields if self._counts(field)]
        if len(names) > 1:
            self[cls] = operator.attrgetter(*names)
        else:  # of one, that would be the attribute itself
            self[cls] = lambda value: tuple([getattr(value, name) for name in names])
        return self[cls]


def _owner(cls: type, method: Method) -> Any:
    """The class that gives `cls` that shared method."""
    return next(each for each in cls.__mro__ if each.__dict__.get(method.__name__) is method)


def _comparison(name: str) -> Method:
    """The shared method of that name: equality or one of the four orders."""
    holds = ORDERS[name]

    def compared(self: Any, other: Any) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        read = readers[self.__class__]
        return holds(read(self), read(other))

    readers = _Readers(compared, lambda field: field.compare)
    return _shared(name, compared)


def _digest() -> Method:
    def digested(self: Any) -> int:
        return hash(readers[self.__class__](self))

    readers = _Readers(digested, lambda field: field.compare if field.hash is None else field.hash)
    return _shared("__hash__", digested)


def _tell() -> Method:
    def told(self: Any) -> str:
        fields = [field.name for field in dataclasses.fields(_owner(self.__class__, method)) if field.repr]
        return f"{self.__class__.__qualname__}({', '.join([f'{name}={getattr(self, name)!r}' for name in fields])})"

    method = _shared("__repr__", recursive_repr()(told))
    return method


def _refusal(name: str, act: str) -> Method:
    """The shared `__setattr__` or `__delattr__` of frozen classes, whose heirs may have attributes of their own."""

    def refused(self: Any, attribute: str, *value: Any) -> None:
        frozen, order = _owner(type(self), refused), type(self).__mro__
        if type(self) is frozen or attribute in [field.name for field in dataclasses.fields(frozen)]:
            raise dataclasses.FrozenInstanceError(f"cannot {act} field {attribute!r}")
        behind = (each.__dict__.get(name, refused) for each in order[order.index(frozen) + 1 :])
        next(other for other in behind if other is not refused)(self, attribute, *value)  # at last `object`'s

    return _shared(name, refused)


def _beginning() -> Method:
    """The shared `__init__`, which puts a compiled one in its place when it is called."""

    def first(self: Any, *given: Any, **named: Any) -> None:
        owner = _owner(type(self), first)
        owner.__init__ = _compiled(owner)
        owner.__init__(self, *given, **named)

    return _shared("__init__", first)


def _compiled(cls: Any) -> Method:
    """The `__init__` that `dataclasses` would have made at once, or a quicker one."""
    fields = cls.__dataclass_fields__
    initial = [field for field in fields.values() if field._field_type in (_A_FIELD, _FOR_INIT)]
    about = (
        initial,
        *_in_order(initial),
        cls.__dataclass_params__.frozen,
        hasattr(cls, "__post_init__"),
        "__dataclass_self__" if "self" in fields else "self",
        sys.modules[cls.__module__].__dict__,
        "__slots__" in cls.__dict__,
    )
    compiled = _opening(cls, _init_fn(*about), *about)
    compiled.__qualname__ = f"{cls.__qualname__}.__init__"
    return compiled


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

    composed = FunctionType(_init_fn.__code__, {**vars(dataclasses), "_create_fn": create})
    opening: Callable[..., None] = composed(fields, ordered, named, False, checked, self, globals_, slots)
    return opening


def _init(*about: Any) -> Method:
    """`__init__`, compiled at once or when it is called."""
    *_, globals_, _slots = about
    late = globals_.get("__name__", "").partition(".")[0] in LATE
    return _FIRST if late else _init_fn(*about)


def _with_slots(cls: type, *about: Any) -> Any:
    """The class made anew with slots, without what would keep the first one in memory."""
    anew = _add_slots(cls, *about)
    if getattr(anew.__dict__.get("__weakref__"), "__objclass__", None) is cls:
        del anew.__weakref__  # of values of the first, which there never are
    return anew


def _named(cls: type, method: Any) -> Any:
    """The method called after its class, unless it serves many."""
    return method if isinstance(method, FunctionType) and method in _SHARED else _set_qualname(cls, method)


def _shared(name: str, method: Method) -> Method:
    method.__name__ = method.__qualname__ = name
    return method


if sys.version_info < (3, 13):
    _COMPARISONS: Final = {name: _comparison(name) for name in ORDERS}
    _HASH: Final = _digest()
    _REPR: Final = _tell()
    _FROZEN: Final = (_refusal("__setattr__", "assign to"), _refusal("__delattr__", "delete"))
    _FIRST: Final = _beginning()
    _SHARED: Final = frozenset({*_COMPARISONS.values(), _HASH, _REPR, *_FROZEN, _FIRST})

    def _of_python(name: str) -> Any:
        return getattr(dataclasses, name)  # an AttributeError tells of a Python that makes them otherwise

    _init_fn, _create, _set_qualname, _add_slots = map(
        _of_python, ("_init_fn", "_create_fn", "_set_qualname", "_add_slots")
    )
    _in_order, _A_FIELD, _FOR_INIT = map(_of_python, ("_fields_in_init_order", "_FIELD", "_FIELD_INITVAR"))
    for _private, _ours in {
        "_init_fn": _init,
        "_set_qualname": _named,
        "_add_slots": _with_slots,
        "_tuple_str": lambda _of, _fields: "",  # asked for only to be handed to the next two
        "_cmp_fn": lambda name, *_about, **_globals: _COMPARISONS[name],
        "_hash_fn": lambda _fields, _globals: _HASH,
        "_repr_fn": lambda _fields, _globals: _REPR,
        "_frozen_get_del_attr": lambda _cls, _fields, _globals: _FROZEN,
    }.items():
        _of_python(_private)
        setattr(dataclasses, _private, _ours)
