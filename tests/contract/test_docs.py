"""The drawn places of the documents agree with the code."""

import json
import re
from pathlib import Path

import pytest

from api.intake import payments, tracking
from api.verbs import docs
from domain.claims import MOVES
from domain.reports import Reception
from domain.tracking import BATCH_MAX, NewEvent

INTAKES = (docs.ROOT / "infra" / "docs" / "intakes.md").read_text(encoding="utf-8")


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


def test_what_machines_send_is_written_down_and_read_as_written() -> None:
    told, rows = INTAKES.split("## Payment processors")[0], re.findall(r"^\| (`.*?) \|", INTAKES, re.MULTILINE)
    written = {name for row in rows for name in re.findall(r"`(\w+)`", row)} - {"reception"}
    assert written == tracking.MEMBERS | {each.value for each in Reception}
    example = told.split("content-type: application/json\n\n")[1].split("```")[0]
    assert all(isinstance(one, NewEvent) for one in tracking.parse(example.encode(), lines=False))
    notice = json.loads(INTAKES.split("```json")[-1].split("```")[0])
    assert notice["type"] in payments.TYPES
    assert all(f"`{each}`" in INTAKES for each in payments.TYPES)
    assert f"{BATCH_MAX:,} reports" in told
    assert f"{tracking.BODY_BYTES_MAX:,} bytes" in told
    assert f"{payments.BODY_BYTES_MAX:,} bytes" in INTAKES
