"""What moves money, coupons or points is asked for with an idempotency key: read from the calls in the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests import syntax_trees
from tests.promised import whole_contract

LAYERS = ("api/operations", "storage", "domain")
MOVING = ("storage.ledger.post", "api.operations.points.", "api.operations.compensation.", "domain.coupons.")
"""Where every movement goes through."""


@dataclass
class Code:
    """Who names whom: all that is kept of the layers' syntax trees."""

    imports: dict[str, dict[str, str]] = field(default_factory=dict)
    """Module -> a name in it -> what that stands for."""
    named: dict[str, set[str]] = field(default_factory=dict)
    """Function -> what it names, as its module spells it."""

    @classmethod
    def read(cls) -> Code:
        """The code as it is."""
        code = cls()
        for path in syntax_trees.files(*LAYERS):
            module = syntax_trees.name(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__")
            tree = ast.parse(path.read_text(encoding="utf-8"))
            code.imports[module] = {
                each.asname or each.name: f"{node.module}.{each.name}"
                for node in tree.body
                if isinstance(node, ast.ImportFrom) and node.module
                for each in node.names
            }
            for node in tree.body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    code.named[f"{module}.{node.name}"] = set(spoken(node))
        return code

    def found(self, name: str) -> str:
        """The full name under which a function is defined that a package only hands on."""
        module, _, last = name.rpartition(".")
        while name not in self.named and last in self.imports.get(module, {}):
            name = self.imports[module][last]
            module, _, last = name.rpartition(".")
        return name

    def reached(self, function: str) -> set[str]:
        """Every function that this one comes to, by calling it or by handing it on."""
        found, waiting = {function}, [function]
        while waiting:
            name = waiting.pop()
            module = name.rpartition(".")[0]
            for spelled in self.named[name]:
                first, _, rest = spelled.partition(".")
                full = self.imports[module].get(first, f"{module}.{first}")
                other = self.found(f"{full}.{rest}" if rest else full)
                if other in self.named and other not in found:
                    found.add(other)
                    waiting.append(other)
        return found


def spoken(function: ast.AST) -> Iterator[str]:
    """The names, and the names of something in something named."""
    for node in syntax_trees.within(function):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


def test_what_moves_something_requires_a_key() -> None:
    code, mutations = Code.read(), whole_contract().mutations
    moving = set()
    for name, mutation in mutations.items():
        operation = code.found(f"{mutation.operation.__module__}.{mutation.operation.__name__}")
        if any(each.startswith(MOVING) for each in code.reached(operation)):
            moving.add(name)
    assert {name for name in moving if not mutations[name].keyed} == set()
    # Without these the test would have lost its way through the code.
    assert {"redeemCoupon", "decideClaim", "recordDeposit", "penaliseParty", "recordPayout"} <= moving
    assert len(moving) > 30
