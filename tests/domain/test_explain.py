"""Trees of findings: one spelling, read back as they were written."""

import json

from hypothesis import given
from hypothesis import strategies as st

from domain import explain
from domain.explain import Finding

texts = st.text(max_size=12)
leaves = st.builds(
    Finding,
    rule=texts,
    holds=st.booleans(),
    reason=texts,
    inputs=st.dictionaries(texts, st.one_of(texts, st.integers(), st.booleans(), st.none()), max_size=4),
    version=st.one_of(st.none(), texts),
    opens_at=st.one_of(st.none(), texts),
    closes_at=st.one_of(st.none(), texts),
)
trees = st.recursive(
    leaves,
    lambda below: st.builds(
        Finding, rule=texts, holds=st.booleans(), reason=texts, because=st.lists(below, max_size=3).map(tuple)
    ),
    max_leaves=8,
)


@given(trees)
def test_a_tree_is_sorted_json_without_blanks_and_read_back_as_it_was_written(tree: Finding) -> None:
    stored = explain.canonical(tree)
    assert stored == json.dumps(explain.plain(tree), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert explain.parse(json.loads(stored)) == tree
    assert explain.canonical(explain.parse(json.loads(stored))) == stored


@given(st.dictionaries(texts, texts, min_size=2, max_size=5))
def test_the_order_in_which_inputs_were_named_does_not_show(inputs: dict[str, str]) -> None:
    backwards = dict(reversed(inputs.items()))
    assert explain.canonical(Finding("r", True, "x", inputs)) == explain.canonical(Finding("r", True, "x", backwards))


def test_the_canonical_text_is_this() -> None:
    tree = explain.every("claim", "claim_stands", [Finding("late", False, "goods_late", {"läte": 2, "at": None})])
    assert explain.canonical(tree) == (
        '{"because":[{"holds":false,"inputs":{"at":null,"läte":2},"reason":"goods_late","rule":"late"}],'
        '"holds":false,"reason":"claim_stands","rule":"claim"}'
    )


@given(st.lists(st.builds(Finding, rule=texts, holds=st.booleans(), reason=texts), max_size=5))
def test_every_holds_if_and_only_if_all_hold(findings: list[Finding]) -> None:
    tree = explain.every("r", "x", findings)
    assert tree.holds == all(finding.holds for finding in findings)
    assert explain.unmet(tree.because) == tuple(finding for finding in findings if not finding.holds)


def test_a_tree_names_every_version_behind_it() -> None:
    leaf = Finding("tier", True, "x", version="rul_2")
    tree = Finding("claim", True, "x", version="rul_1", because=(Finding("y", True, "x", because=(leaf,)), leaf))
    assert explain.versions(tree) == {"rul_1", "rul_2"}
