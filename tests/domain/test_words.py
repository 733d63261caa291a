"""Every reason that code gives has its sentences, and no sentence is left over."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.explain import Finding
from domain.words import CATALOGUE, ENGLISH, Locale, sentence

ROOT = Path(__file__).parents[2]
MODULES = [path for folder in ("domain", "storage", "api") for path in (ROOT / folder).rglob("*.py")]
MAKERS = {"Finding": 2, "every": 1, "Way": 1}
"""What makes findings, or a row of a table of them, and at which place it takes the reason."""
PASSING_ON = {"domain/explain.py": "it reads stored trees", "api/schema/errors.py": "its Finding is the GraphQL type"}


def reasons(module: Path) -> Iterator[str]:
    """The reasons given in a module: literals, also through functions of the module with a parameter `reason`."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    givers = dict(MAKERS)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
            gives = any(
                isinstance(node, ast.Name) and node.id == "reason"
                for call in calls(function, MAKERS)
                for node in [taken(call, MAKERS)]
            )
            if gives:
                givers[function.name] = names.index("reason") if "reason" in names else len(names)
    for call in calls(tree, givers):
        reason = taken(call, givers)
        if isinstance(reason, ast.Name) and reason.id == "reason":
            continue
        if isinstance(reason, ast.Attribute) and reason.attr == "reason":  # of a row whose maker is asked as well
            continue
        for literal in (reason.body, reason.orelse) if isinstance(reason, ast.IfExp) else (reason,):
            assert isinstance(literal, ast.Constant), (
                f"{module}:{call.lineno}: a reason is written out where it is given"
            )
            assert isinstance(literal.value, str)
            yield literal.value


def calls(tree: ast.AST, makers: dict[str, int]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node) in makers:
            yield node


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def taken(call: ast.Call, makers: dict[str, int]) -> ast.expr | None:
    by_name = {keyword.arg: keyword.value for keyword in call.keywords}
    place = makers[name_of(call)]
    return call.args[place] if len(call.args) > place else by_name.get("reason")


GIVEN = {
    reason: module
    for module in MODULES
    if str(module.relative_to(ROOT)) not in PASSING_ON
    for reason in reasons(module)
}


def test_the_syntax_trees_show_reasons() -> None:
    assert {"on_time_goods_late", "coupon_not_expired", "rule_case_passes"} <= GIVEN.keys()


@pytest.mark.parametrize("locale", Locale)
def test_every_reason_has_its_sentences(locale: Locale) -> None:
    assert {f"{reason} of {GIVEN[reason].name}" for reason in GIVEN.keys() - CATALOGUE[locale].keys()} == set()


@pytest.mark.parametrize("locale", Locale)
def test_no_sentence_is_left_over(locale: Locale) -> None:
    assert CATALOGUE[locale].keys() - GIVEN.keys() == set()


@pytest.mark.parametrize("reason", ENGLISH)
def test_sentences_end_and_have_plain_places(reason: str) -> None:
    for text in ENGLISH[reason]:
        assert text[-1] in ".}", text
        assert all(name is None or name.isidentifier() for _, name, _, _ in string.Formatter().parse(text)), text


def test_a_finding_reads_by_whether_it_holds() -> None:
    assert sentence(Finding("x", True, "order_paid")) == "The order is paid."
    assert sentence(Finding("x", False, "order_paid")) == "The order is not paid."


def test_inputs_fill_their_places_and_missing_ones_read_as_a_dash() -> None:
    finding = Finding("x", False, "guarantee_window_open", {"opensAt": "2026-03-02T00:00:00Z"})
    assert sentence(finding) == "The time to apply is not open: it runs from 2026-03-02T00:00:00Z to —."


def test_a_reason_of_another_release_reads_as_its_code() -> None:
    assert sentence(Finding("x", True, "of_long_ago")) == "of_long_ago"
