"""Every sentence that a refusal is raised with is said in every language, and no other."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from domain.ids import BODY_CHARACTERS, KINDS
from domain.locales import Locale
from domain.words.refusals import CATALOGUE, PLACE, as_sentence, kinds, said
from domain.words.refusals.kinds import kind_in_words
from tests.syntax_trees import files, name, nodes

RAISED = {"Problem": 1, "Conflict": 0, "NotFound": 0, "Forbidden": 0, "Refused": 1, "Twin": 0, "_problem": 1}
"""What makes a refusal or a part of one, and at which place it takes the sentence."""
RAISING = re.compile(rf"\b({'|'.join(RAISED)})\(")
AT_THE_TERMINAL = re.compile(r"api/(verbs|embedded|imports)/|domain/words/")
MADE_OF_NOTHING = {"{}", "{}."}
"""Sentences that another function words: the templates are where it does."""


def templates(node: ast.AST) -> Iterator[str]:
    """The texts that an expression may be, each place in it as {}."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from templates(node.body)
        yield from templates(node.orelse)


@cache
def sources() -> list[Path]:
    return [module for module in files("domain", "storage", "api") if not AT_THE_TERMINAL.search(name(module))]


@cache
def raised() -> dict[str, str]:
    """Every sentence that a refusal is raised with, with a module that raises it."""
    found: dict[str, str] = {}
    for module in sources():
        if not RAISING.search(module.read_text(encoding="utf-8")):
            continue
        for call in nodes(module):
            if isinstance(call, ast.Call):
                place = RAISED.get(call.func.id if isinstance(call.func, ast.Name) else "", len(call.args))
                found |= {each: name(module) for node in call.args[place : place + 1] for each in templates(node)}
    return {sentence: module for sentence, module in found.items() if sentence not in MADE_OF_NOTHING}


def test_the_syntax_trees_show_sentences() -> None:
    assert {"There is no such order.", "At most {} characters.", "The quote was booked just now."} <= raised().keys()


@pytest.mark.parametrize("locale", CATALOGUE)
def test_every_sentence_is_said_in_every_language(locale: Locale) -> None:
    assert {sentence: module for sentence, module in raised().items() if sentence not in CATALOGUE[locale]} == {}


@pytest.mark.parametrize("locale", CATALOGUE)
def test_no_sentence_is_left_over(locale: Locale) -> None:
    others = CATALOGUE[locale].keys() - raised().keys() - kinds.CHINESE.keys()
    text = "".join(module.read_text(encoding="utf-8") for module in sources())
    assert {sentence for sentence in others if any(part not in text for part in PLACE.split(sentence))} == set()


@pytest.mark.parametrize("locale", CATALOGUE)
def test_every_kind_of_thing_can_be_missed(locale: Locale) -> None:
    said_of = {kind_in_words(f"{prefix}_{'0' * BODY_CHARACTERS}") for prefix in KINDS}
    missed = {kind: f"There is no such {kind}." for kind in said_of}
    assert {kind for kind, sentence in missed.items() if said(sentence, locale) == sentence} == set()
    assert kinds.NOUNS.keys() - said_of == set()


@pytest.mark.parametrize("locale", CATALOGUE)
def test_languages_have_the_same_places(locale: Locale) -> None:
    for sentence, wording in CATALOGUE[locale].items():
        values = [f"<{number}>" for number in range(len(PLACE.findall(sentence)))]
        filled = wording.format(*values)
        assert all(filled.count(value) == 1 for value in values), wording
        assert len(PLACE.findall(wording)) == len(values), wording


def test_chinese_is_written_in_chinese() -> None:
    for wording in CATALOGUE[Locale.ZH].values():
        words = PLACE.sub("", wording)
        assert re.search("[\u4e00-\u9fff]", words), wording
        assert not re.search(r"[,;:?!()](?!\d)", words), f"half-width punctuation: {wording}"
        assert wording.endswith("。"), wording


@pytest.mark.parametrize(
    ("sentence", "chinese"),
    [
        ("There is no such order.", "没有这个订单。"),
        (as_sentence("must be one of A, B"), "必须是以下之一：A, B。"),
        ("No version of a/b is in force at 2026-03-01T00:00:00Z.", "2026-03-01T00:00:00Z 没有生效的 a/b 版本。"),
        ("1 to 120 printable characters.", "1 至 120 个可打印字符。"),
        ("Nobody has put this otherwise.", "Nobody has put this otherwise."),
    ],
)
def test_a_sentence_is_found_by_what_was_filled_in(sentence: str, chinese: str) -> None:
    assert said(sentence, Locale.ZH) == chinese
    assert said(sentence, Locale.EN) == sentence
