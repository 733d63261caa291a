"""Every reason that code gives has its sentences, and no sentence is left over."""

import ast
import re
import string
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from domain.explain import Finding
from domain.locales import Locale
from domain.words import CATALOGUE, CHINESE, ENGLISH, NOUNS, percent, sentence
from tests.syntax_trees import files, name, nodes

MAKERS = {"Finding": 2, "every": 1, "Way": 1}
"""What makes findings, or a row of a table of them, and at which place it takes the reason."""
MAKER = re.compile(rf"\b({'|'.join(MAKERS)})\s*\(")
PASSING_ON = {"domain/explain.py": "it reads stored trees", "api/schema/errors.py": "its Finding is the GraphQL type"}


def reasons(module: Path) -> Iterator[str]:
    """The reasons given in a module: literals, also through functions of the module with a parameter `reason`."""
    if not MAKER.search(module.read_text(encoding="utf-8")):
        return
    found = nodes(module)
    givers = dict(MAKERS)
    passed = [call for call in calls(found, MAKERS) if is_reason(taken(call, MAKERS))]
    for function in found if passed else ():
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
            if any(call in passed for call in calls(ast.walk(function), MAKERS)):
                givers[function.name] = names.index("reason") if "reason" in names else len(names)
    for call in calls(found, givers):
        reason = taken(call, givers)
        if is_reason(reason):
            continue
        if isinstance(reason, ast.Attribute) and reason.attr == "reason":  # of a row whose maker is asked as well
            continue
        for literal in (reason.body, reason.orelse) if isinstance(reason, ast.IfExp) else (reason,):
            assert isinstance(literal, ast.Constant), (
                f"{module}:{call.lineno}: a reason is written out where it is given"
            )
            assert isinstance(literal.value, str)
            yield literal.value


def is_reason(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Name) and node.id == "reason"


def calls(among: Iterable[ast.AST], makers: dict[str, int]) -> Iterator[ast.Call]:
    for node in among:
        if isinstance(node, ast.Call) and name_of(node) in makers:
            yield node


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def taken(call: ast.Call, makers: dict[str, int]) -> ast.expr | None:
    by_name = {keyword.arg: keyword.value for keyword in call.keywords}
    place = makers[name_of(call)]
    return call.args[place] if len(call.args) > place else by_name.get("reason")


@cache
def given() -> dict[str, str]:
    """Every reason that code gives, with a module that gives it."""
    modules = (module for module in files("domain", "storage", "api") if name(module) not in PASSING_ON)
    return {reason: name(module) for module in modules for reason in reasons(module)}


def test_the_syntax_trees_show_reasons() -> None:
    assert {"on_time_goods_late", "coupon_not_expired", "rule_case_passes"} <= given().keys()


@pytest.mark.parametrize("locale", Locale)
def test_every_reason_has_its_sentences(locale: Locale) -> None:
    assert {reason: module for reason, module in given().items() if reason not in CATALOGUE[locale]} == {}


@pytest.mark.parametrize("locale", Locale)
def test_no_sentence_is_left_over(locale: Locale) -> None:
    assert CATALOGUE[locale].keys() - given().keys() == set()


ENDS = {Locale.EN: ".}", Locale.ZH: "。}"}


def places(text: str) -> dict[str, tuple[str, str]]:
    """The names of the places of a sentence, each with how its value is written."""
    found = string.Formatter().parse(text)
    return {name: (spec or "", conversion or "") for _, name, spec, conversion in found if name is not None}


@pytest.mark.parametrize("locale", Locale)
def test_sentences_end_and_have_plain_places(locale: Locale) -> None:
    for sentences in CATALOGUE[locale].values():
        for text in sentences:
            assert text[-1] in ENDS[locale], text
            assert all(name.isidentifier() for name in places(text)), text


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: str(noun.__name__))
def test_languages_say_the_same(noun: ModuleType) -> None:
    assert list(noun.CHINESE) == list(noun.ENGLISH)
    for reason, sentences in noun.ENGLISH.items():
        for english, chinese in zip(sentences, noun.CHINESE[reason], strict=True):
            assert places(chinese) == places(english), chinese


def test_chinese_is_written_in_chinese() -> None:
    for text in (text for sentences in CHINESE.values() for text in sentences):
        words = "".join(literal for literal, *_ in string.Formatter().parse(text))
        assert any("\u4e00" <= character <= "\u9fff" for character in words), text
        assert not re.search(r"[,;:?!()](?!\d)", words), f"half-width punctuation: {text}"


def test_a_finding_reads_by_whether_it_holds() -> None:
    assert sentence(Finding("x", True, "order_paid")) == "The order is paid."
    assert sentence(Finding("x", False, "order_paid")) == "The order is not paid."
    assert sentence(Finding("x", False, "order_paid"), Locale.ZH) == "订单未付款。"


def test_inputs_fill_their_places_and_missing_ones_read_as_a_dash() -> None:
    finding = Finding("x", False, "guarantee_window_open", {"opensAt": "2026-03-02T00:00:00Z"})
    assert sentence(finding) == "The time to apply is not open: it runs from 2026-03-02T00:00:00Z to —."
    assert sentence(finding, Locale.ZH) == "不在申请期内：申请期自 2026-03-02T00:00:00Z 至 —。"
    assert sentence(Finding("x", False, "claim_remedy_failed", {"until": None})).endswith("(it ended at —).")


def test_people_read_percent_where_rules_have_basis_points() -> None:
    amount = Finding("x", True, "guarantee_amount", {"shareBp": 250, "base": "1200.00 USD", "share": "30.00 USD"})
    assert sentence(amount).startswith("2.5 % of 1200.00 USD are 30.00 USD;")
    shared = Finding("x", True, "claim_liability_shared", {"shares": "PROVIDER 9995, MARKETPLACE 5"})
    assert sentence(shared) == "Who bears the loss: PROVIDER 99.95 %, MARKETPLACE 0.05 %."
    assert sentence(shared, Locale.ZH) == "损失承担比例：PROVIDER 99.95 %, MARKETPLACE 0.05 %。"
    assert [percent(each) for each in (10_000, 1, 0, -50)] == ["100 %", "0.01 %", "0 %", "-0.5 %"]
    assert all("basis points" not in words or "SHARE" in words for pair in ENGLISH.values() for words in pair)


def test_a_reason_of_another_release_reads_as_its_code() -> None:
    for locale in Locale:
        assert sentence(Finding("x", True, "of_long_ago"), locale) == "of_long_ago"
