"""Supplements: what a buyer's appeal adds to a claim that was granted in part (`domain.md` 6.10).

Laws: a supplement is what the rule gives beyond what was given, line by line, in the remedy that was given; it never
takes money away; what the buyer has in kind is not paid besides, but what failed, and what is still to be done although
the buyer had asked for money, is paid instead; a claim stays one claim however often it is added to.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain import money
from domain.change import Change, Fact, Happening
from domain.claims.claim import Claim, ClaimLine
from domain.claims.life import ClaimOutcome, ClaimState
from domain.claims.rulings import Ruling
from domain.copies import replace
from domain.errors import Refused
from domain.explain import Finding
from domain.ids import DecisionId, OrderLineId
from domain.liability import Bearer, Share, Shares
from domain.money import Money
from domain.remedies import IN_KIND, OPEN, REFUNDS, Award, Remedy, RemedyKind, RemedyState


@dataclass(frozen=True, slots=True)
class Supplement:
    """What is added: the claim's lines as they are then, and what is given for it."""

    lines: tuple[ClaimLine, ...]
    awards: tuple[Award, ...]


def fell_short(claim: Claim, remedies: Iterable[Remedy] = ()) -> bool:
    """Whether the claim gives less for some line than its buyer asked for, or the marketplace granted a part.

    So it does where the buyer is to have in kind what it asked to have in money, and where what it got in kind failed.
    `remedies` are those of the claim.
    """
    if claim.outcome is ClaimOutcome.PARTLY:
        return True
    owed = owed_in_money(claim, remedies)
    return any(
        line.line_id in owed
        or (line.remedy not in IN_KIND and line.requested_remedy not in IN_KIND and _given(line) < line.requested)
        for line in claim.lines
    )


def owed_in_money(claim: Claim, remedies: Iterable[Remedy]) -> frozenset[OrderLineId]:
    """The lines whose remedy in kind an appeal turns into money: it failed, or is open against the buyer's wish."""
    asked_money = {line.line_id for line in claim.lines if line.requested_remedy not in IN_KIND}
    in_kind = {line.line_id for line in claim.lines if line.remedy in IN_KIND}
    return frozenset(
        remedy.line_id
        for remedy in remedies
        if remedy.line_id in in_kind
        and remedy.kind in IN_KIND
        and (remedy.state is RemedyState.FAILED or (remedy.state in OPEN and remedy.line_id in asked_money))
    )


def supplement(
    claim: Claim, ruling: Ruling, promised: RemedyKind, in_money: Collection[OrderLineId] = ()
) -> Supplement:
    """What the ruling gives beyond what the claim gave.

    `in_money` are the lines whose remedy in kind is paid instead, as `promised` by the rule: all that the buyer asked
    for, or all of the loss where it had asked for something in kind.
    """
    had = {line.line_id: line for line in claim.lines}
    lines, awards = [], []
    for line in ruling.lines:
        before = had.get(line.line_id)
        if before is not None and before.line_id in in_money:
            whole = line.loss if before.requested_remedy in IN_KIND else min(before.requested, line.loss)
            lines.append(replace(line, remedy=_remedy(promised), amount=whole))
            if whole.minor:
                awards.append(Award(_remedy(promised), whole, line.line_id))
            continue
        given = Money.zero(line.loss.currency) if before is None else _given(before)
        more = _given(line) - given
        if line.remedy in IN_KIND or (before is not None and before.remedy in IN_KIND) or more.minor <= 0:
            lines.append(line if before is None else replace(before, loss=line.loss))
            continue
        remedy = _remedy(line.remedy if before is None or before.remedy is None else before.remedy)
        lines.append(replace(line, remedy=remedy, amount=given + more))
        awards.append(Award(remedy, more, line.line_id))
    return Supplement(tuple(lines), tuple(awards))


def capped(claim: Claim, added: Supplement, left: Mapping[OrderLineId, Money]) -> Supplement:
    """The supplement, no line above what is left of its loss. Refuses one of which nothing is left."""
    had = {line.line_id: _given(line) for line in claim.lines}
    by_line = {
        award.line_id: min(award.amount, left[award.line_id]) for award in added.awards if award.line_id is not None
    }
    lines = tuple(
        _total(line, had.get(line.line_id, Money.zero(line.loss.currency)) + by_line[line.line_id])
        if line.line_id in by_line
        else line
        for line in added.lines
    )
    awards = tuple(
        replace(award, amount=by_line[award.line_id])
        for award in added.awards
        if award.line_id is not None and by_line[award.line_id].minor
    )
    if not awards:
        inputs = {"amount": str(claim.amount)}
        raise Refused(
            "claim.supplement",
            "There is nothing more to give.",
            (Finding("claim.supplement", False, "claim_more_is_left", inputs),),
        )
    return Supplement(lines, awards)


def borne_by(shares: Shares, freed: Collection[Bearer]) -> Shares:
    """Who bears what is added: whoever bears the claim, but the marketplace for a party that its own appeal freed."""
    parts: dict[Bearer, int] = {}
    for part in shares:
        bearer = Bearer.PLATFORM if part.bearer in freed else part.bearer
        parts[bearer] = parts.get(bearer, 0) + part.basis_points
    return Shares(tuple(Share(bearer, parts[bearer]) for bearer in Bearer if bearer in parts))


def supplement_claim(claim: Claim, added: Supplement, decision_id: DecisionId, at: datetime) -> Change[Claim]:
    """The claim gives that much more; its appeal goes on until it is ended. Refuses (ValueError) one not appealed."""
    if claim.state is not ClaimState.APPEALED or claim.resumes is None:
        raise ValueError(f"{claim.id} is not appealed")
    waits = claim.resumes is ClaimState.REMEDY_IN_PROGRESS or any(award.kind in REFUNDS for award in added.awards)
    short = any(_given(line) < line.loss and line.remedy not in IN_KIND for line in added.lines)
    after = replace(
        claim,
        resumes=ClaimState.REMEDY_IN_PROGRESS if waits else ClaimState.DECIDED,
        outcome=ClaimOutcome.PARTLY if short else ClaimOutcome.GRANTED,
        lines=added.lines,
        amount=money.total([line.amount for line in added.lines if line.amount is not None], claim.amount.currency),
        decision_id=decision_id,
        updated_at=at,
        decided_at=at,
        version=claim.version + 1,
    )
    facts: dict[str, Fact] = {
        "orderId": claim.order_id,
        "amountMinor": after.amount.minor,
        "currency": after.amount.currency,
    }
    return Change(claim, after, (Happening("claim.supplemented", facts),))


def _given(line: ClaimLine) -> Money:
    return line.amount or Money.zero(line.loss.currency)


def _total(line: ClaimLine, amount: Money) -> ClaimLine:
    return replace(line, amount=amount) if amount.minor else replace(line, remedy=None, amount=None)


def _remedy(kind: RemedyKind | None) -> RemedyKind:
    """In which remedy more is given: goods that were kept so far are not asked back for it."""
    return RemedyKind.RETURNLESS_REFUND if kind in {None, RemedyKind.REFUND_FULL} else kind
