"""A decision's tree is stored in its one spelling."""

from hypothesis import given
from hypothesis import strategies as st

from domain import explain
from domain.explain import Finding
from storage.decisions import TREE

INT64 = 1 << 63

texts = st.text(max_size=12)
inputs = st.dictionaries(texts, st.one_of(texts, st.integers(-INT64, INT64 - 1), st.booleans(), st.none()), max_size=4)
trees = st.recursive(
    st.builds(Finding, rule=texts, holds=st.booleans(), reason=texts, inputs=inputs, opens_at=st.none() | texts),
    lambda below: st.builds(
        Finding, rule=texts, holds=st.booleans(), reason=texts, because=st.lists(below, max_size=3).map(tuple)
    ),
    max_leaves=8,
)


@given(trees)
def test_it_is_written_as_the_rules_spell_it_and_read_as_it_was(tree: Finding) -> None:
    assert TREE.encode(tree) == explain.canonical(tree)
    assert TREE.decode(explain.canonical(tree)) == tree
