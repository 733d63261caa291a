"""What a start refuses: database roles that could pass by row-level security, and a demo's record that is damaged."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from api.settings import Settings, Unusable
from api.verbs import serve
from tests.conftest import to_database


@pytest.fixture
def named(settings: Settings, tmp_path: Path) -> Settings:
    """Servers that somebody named, for a start without a demo."""
    return replace(settings, demo=False, state_dir=tmp_path)


@pytest.fixture
def empty(named: Settings) -> Iterator[str]:
    """The name of a database without any table."""
    name = f"first_{named.database_owner_url.partition('?')[0].rpartition('/')[2]}"

    async def said(statement: str) -> None:
        connection = await asyncpg.connect(named.database_owner_url)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(said(f"CREATE DATABASE {name}"))
    yield name
    asyncio.run(said(f"DROP DATABASE {name}"))


def refused(settings: Settings) -> str:
    """Why these settings are not served."""
    with pytest.raises(Unusable) as reason, serve.prepared(settings, fresh=False):
        pass
    return str(reason.value)


def test_a_role_that_could_pass_by_row_level_security_is_not_served(named: Settings) -> None:
    with serve.prepared(named, fresh=False) as ready:
        assert ready == named
    owner = named.database_owner_url
    assert refused(replace(named, database_url=owner)).startswith(
        "Application's role: The database role makegood_owner"
    )
    assert refused(replace(named, database_worker_url=owner)).startswith(
        "Worker's role: The database role makegood_own"
    )


@pytest.mark.long
def test_nor_is_it_at_the_first_start_which_makes_the_tables(named: Settings, empty: str) -> None:
    """Before the migrations the role owns nothing yet."""
    theirs = to_database(named.database_owner_url, empty)
    worker = to_database(named.database_worker_url, empty)
    first = replace(named, database_url=theirs, database_owner_url=theirs, database_worker_url=worker)
    assert "makegood_owner owns tables" in refused(first)


def test_fresh_leaves_servers_alone_that_somebody_named(named: Settings) -> None:
    with pytest.raises(Unusable, match="is left alone"), serve.prepared(named, fresh=True):
        pass


@pytest.mark.parametrize(("text", "told"), [("{", "is damaged"), ("[]", "holds no object")])
def test_a_damaged_record_of_the_demo_is_told(named: Settings, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "demo.json").write_text(text)
    assert f"demo.json {told}; `./run --fresh`" in refused(replace(named, demo=True))
