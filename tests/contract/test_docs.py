"""The drawn places of the documents agree with the code."""

from pathlib import Path

import pytest

from api.verbs import docs
from domain.claims import MOVES


@pytest.mark.parametrize("path", docs.DOCUMENTS, ids=lambda path: path.name)
def test_a_document_is_as_the_code_draws_it(path: Path) -> None:
    text = path.read_text()
    assert docs.redrawn(text) == text, "out of date: ./run docs --write"


def test_every_drawing_has_its_place() -> None:
    written = "\n".join(path.read_text() for path in docs.DOCUMENTS)
    assert all(f"<!-- {name} -->" in written and f"<!-- /{name} -->" in written for name in docs.DRAWN)


def test_the_claims_life_shows_every_step() -> None:
    picture = docs.claim_life()
    assert all(step.mutation in picture for step in MOVES.values() if step.to), "what the desk settles moves no claim"
