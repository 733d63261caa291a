"""`./run audit`: the sealed record leaves the platform, and whoever holds it checks it without the platform.

The file has one JSON object per line: first the marketplace; then, chain by chain (audit rows, then transfers with
their entries), each row as the exact text that was hashed, and after the rows of a seal the seal itself:

    {"tenant": "ten_…"}
    {"chain": "audit", "said": "…"}
    {"chain": "audit", "seal": 1, "rows": 3, "digest": "…", "sealedAt": "…"}

A seal's digest is SHA-256 over the digest before it and the SHA-256 of each of its rows' texts, in their order; what
comes before the first is the SHA-256 of the marketplace's id. The last digest of each chain stands in the server's log
of that moment: compared with it, the file proves that nothing was altered, left out or put in since.
"""

from __future__ import annotations

import hashlib
import json
import sys
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, Final

import typer

from api.settings import Settings
from api.verbs.tenants import Named, tenant_named, with_worker
from domain.dates import rfc3339
from domain.ids import TenantId
from storage import audit, books
from storage.pool import Pool

CHAINS: Final = {"audit": audit.AUDIT, "ledger": audit.LEDGER}

command = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, help="Export and verify the record.", no_args_is_help=True
)


@command.command()
def export(
    output: Annotated[Path | None, typer.Option(help="The file to write; the terminal if not given.")] = None,
    tenant: Named = None,
) -> None:
    """Write every sealed row of audit and ledger with its seals, as JSON lines that `verify` checks."""

    async def written(_settings: Settings, pool: Pool) -> int:
        tenant_id = await tenant_named(pool, tenant)
        with nullcontext(sys.stdout) if output is None else output.open("w", encoding="utf-8") as file:
            return await exported(pool, tenant_id, file)

    print(f"{with_worker(written):,} rows", file=sys.stderr)


@command.command()
def verify(file: Annotated[Path, typer.Argument(help="What `export` wrote.")]) -> None:
    """Check an export without the platform: every row against its seal, every seal against the one before."""
    found = checked(file)
    for each in found.faults:
        print(each)
    for chain, digest in found.last.items():
        print(f"{chain}: the last seal's digest is {digest}")
    print(f"{found.rows:,} rows, {len(found.faults)} faults")
    raise typer.Exit(int(bool(found.faults)))


async def exported(pool: Pool, tenant_id: TenantId, file: IO[str]) -> int:
    """The record is in the file, as of one moment; how many rows it has. A seal at a time is held."""
    count = 0

    def write(line: dict[str, object]) -> None:
        file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")

    write({"tenant": tenant_id})
    async with pool.transaction(tenant_id, books.ONE_MOMENT) as connection:
        for name, chain in CHAINS.items():
            for seal in await audit.seals(connection, tenant_id, chain):
                for said in await audit.sealed(connection, tenant_id, chain, seal["position"]):
                    write({"chain": name, "said": said})
                    count += 1
                about = {"seal": seal["position"], "rows": seal["rows"], "digest": seal["digest"].hex()}
                write({"chain": name, **about, "sealedAt": rfc3339(seal["sealed_at"])})
    return count


@dataclass(slots=True)
class Checked:
    """What a check of an export found: its rows, what is amiss, and the last digest of each chain."""

    rows: int = 0
    faults: list[str] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)


def checked(file: Path) -> Checked:
    """The export checked line by line. Knows the standard library only: an auditor may copy it.

    A file that is no export has a fault as well: nothing is as sealed of which nothing was read.
    """
    found = Checked()
    reading: _Reading | None = None
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, text in enumerate(lines, start=1):
            try:
                line = json.loads(text)
                if reading is None:
                    reading = _Reading(str(line["tenant"]))
                elif "said" in line:
                    reading.row(line["chain"], line["said"])
                    found.rows += 1
                else:
                    seal = _Seal(str(line["chain"]), int(line["seal"]), int(line["rows"]), str(line["digest"]))
                    found.faults += [f"line {number}: {fault}" for fault in reading.faults(seal)]
                    found.last[seal.chain] = seal.digest
            except (ValueError, KeyError, TypeError, AttributeError):
                found.faults.append(f"line {number}: this is no line of an export")
                return found
    if reading is None:
        found.faults.append("the file is empty: this is no export")
    elif reading.digests:
        found.faults.append(f"{len(reading.digests)} rows at the end belong to no seal")
    return found


@dataclass(frozen=True, slots=True)
class _Seal:
    chain: str
    position: int
    rows: int
    digest: str


@dataclass(slots=True)
class _Reading:
    """Where a check is: the last seal of each chain, and the rows since, with the chains that they name."""

    tenant: str
    digests: list[bytes] = field(default_factory=list)
    chains: set[str] = field(default_factory=set)
    before: dict[str, _Seal] = field(default_factory=dict)

    def row(self, chain: str, said: str) -> None:
        """A row waits for its seal."""
        self.digests.append(hashlib.sha256(said.encode()).digest())
        self.chains.add(chain)

    def faults(self, seal: _Seal) -> list[str]:
        """What is wrong with the seal and the rows since the one before; it is the one before from now on."""
        before = self.before.get(seal.chain)
        wanted = 1 if before is None else before.position + 1
        start = hashlib.sha256(self.tenant.encode()).digest() if before is None else bytes.fromhex(before.digest)
        digest, told = hashlib.sha256(start + b"".join(self.digests)).digest(), bytes.fromhex(seal.digest)
        name, count = f"seal {seal.position} of {seal.chain}", len(self.digests)
        wrong = (
            (seal.position != wanted, f"{name} follows seal {wanted - 1}"),
            (seal.rows != count, f"{name} has {count} of its rows"),
            (bool(self.chains - {seal.chain}), f"{name} has rows of another chain"),
            (digest != told, f"{name} does not fit its rows"),
        )
        self.digests, self.chains, self.before[seal.chain] = [], set(), seal
        return [fault for is_so, fault in wrong if is_so]
