"""Enrolments: the guarantees that suppliers and providers offer, each under one rule (`domain.md` 6.5).

What a promise means and costs is in `domain/guarantees.py` and its rules; here is only who stands for it. Laws: a
party offers a rule's guarantee at most once at a time; withdrawing ends the offer for orders paid later and leaves
every cover that was frozen before as it is.

    ACTIVE, SUSPENDED, WITHDRAWING ── withdraw (the party, the desk) ──> ENDED
    ACTIVE <── the party may not stand for it, and may again (`domain/capabilities.py`) ──> SUSPENDED
    ACTIVE, SUSPENDED, WITHDRAWING ── the party has left or was removed ──> ENDED
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.access import Caller, may
from domain.change import Change, Happening
from domain.countries import COUNTRIES
from domain.errors import Conflict, Forbidden, Invalid, Problem
from domain.explain import Finding, unmet
from domain.guarantees import BREACHES, Promise
from domain.ids import GuaranteeId, LiablePartyId, ProviderId, SupplierId
from domain.moves import Move, require
from domain.rulebook import RuleKind, RuleVersion

PROMISES: Final[Mapping[RuleKind, Promise]] = {breach.kind: promise for promise, breach in BREACHES.items()}
"""The kinds of rule under which a guarantee can be offered."""


class GuaranteeState(StrEnum):
    """The life of an offer."""

    ACTIVE = "ACTIVE"
    """Orders can be bought with it."""
    SUSPENDED = "SUSPENDED"
    """Not offered for the time being."""
    WITHDRAWING = "WITHDRAWING"
    """Offered no longer, and ended when its notice is over."""
    ENDED = "ENDED"
    """Over."""


class GuaranteeAction(StrEnum):
    """What can be done with a guarantee; the value is the mutation's name in capitals."""

    WITHDRAW_GUARANTEE = "WITHDRAW_GUARANTEE"
    """withdrawGuarantee: it is offered no longer."""


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A party's offer to stand for a promise under a rule. Exactly one of `supplier_id` and `provider_id` is set.

    `markets` are the countries it is offered in, none: wherever the rule allows.
    """

    id: GuaranteeId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    rule_key: str
    promise: Promise
    title: str
    state: GuaranteeState
    offered_at: datetime
    ends_at: datetime | None
    version: int
    markets: tuple[str, ...] = ()

    @property
    def party_id(self) -> LiablePartyId:
        """Who stands for the promise."""
        party_id = self.supplier_id or self.provider_id
        assert party_id is not None, "the table's check allows no guarantee without a party"
        return party_id


@dataclass(frozen=True, slots=True)
class OfferGuarantee:
    """The wish to offer a rule's guarantee, for a party (the caller's own when none is named).

    `markets` are the countries it is offered in; none: wherever it sells. Refuses with Invalid what is no country.
    """

    rule_key: str
    party_id: LiablePartyId | None
    markets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.markets) - COUNTRIES):
            raise Invalid(*(Problem(("markets",), f"{country} is no country") for country in unknown))


@dataclass(frozen=True, slots=True)
class WithdrawGuarantee:
    """The wish that a guarantee is offered no longer."""

    guarantee_id: GuaranteeId


def liable_party(command: OfferGuarantee, caller: Caller) -> LiablePartyId:
    """For whom the guarantee shall be offered. Refuses another party's name, and the operator naming none."""
    party_id = command.party_id or caller.party_id
    if not isinstance(party_id, SupplierId | ProviderId):
        raise Invalid(Problem(("partyId",), "must name a supplier or a provider"))
    if party_id != caller.party_id and not caller.is_operator:
        raise Forbidden("A guarantee is offered by the party itself or by the marketplace's desk.")
    return party_id


def offer_guarantee(
    rule: RuleVersion,
    party_id: LiablePartyId,
    markets: Collection[str] = (),
    *,
    present: Guarantee | None,
    id: GuaranteeId,
    at: datetime,
) -> Change[Guarantee]:
    """The party stands for the rule's promise from now on. `present` is its offer of that rule that has not ended.

    Raises:
        Invalid: the rule is none under which guarantees are offered.
        Conflict: it is offered already.
    """
    if rule.kind not in PROMISES:
        raise Invalid(Problem(("ruleKey",), f"{rule.key} is a rule of kind {rule.kind}: nobody offers it"))
    if present is not None:
        raise Conflict(f"The guarantee is offered already, as {present.id}.", field=("ruleKey",))
    guarantee = Guarantee(
        id=id,
        supplier_id=party_id if isinstance(party_id, SupplierId) else None,
        provider_id=party_id if isinstance(party_id, ProviderId) else None,
        rule_key=rule.key,
        promise=PROMISES[rule.kind],
        title=rule.title,
        state=GuaranteeState.ACTIVE,
        offered_at=at,
        ends_at=None,
        version=1,
        markets=tuple(sorted(set(markets))),
    )
    return Change(None, guarantee, (Happening("guarantee.offered", {"rule": rule.key, "party": party_id}),))


def moves(guarantee: Guarantee, caller: Caller) -> tuple[Move, ...]:
    """Every action on the guarantee for that caller, each with all that stands in its way."""
    own = caller.is_operator or caller.party_id == guarantee.party_id
    findings = (
        Finding("guarantee.role", own and may(caller, "withdrawGuarantee"), "guarantee_is_yours"),
        Finding(
            "guarantee.state",
            guarantee.state is not GuaranteeState.ENDED,
            "guarantee_not_ended",
            {"state": guarantee.state.value},
        ),
    )
    return (Move(GuaranteeAction.WITHDRAW_GUARANTEE.value, unmet(findings)),)


def withdraw_guarantee(guarantee: Guarantee, caller: Caller, *, at: datetime) -> Change[Guarantee]:
    """The guarantee has ended; covers that were frozen before stay. Refuses, with every reason, what `moves` blocks."""
    require(moves(guarantee, caller), GuaranteeAction.WITHDRAW_GUARANTEE.value, "guarantee.withdraw")
    after = replace(guarantee, state=GuaranteeState.ENDED, ends_at=at, version=guarantee.version + 1)
    return Change(guarantee, after, (Happening("guarantee.withdrawn", {"party": guarantee.party_id}),))


def suspend_guarantee(guarantee: Guarantee) -> Change[Guarantee]:
    """Nothing new is bought with it: its party may not stand for it now. Refuses (ValueError) one not on offer."""
    if guarantee.state is not GuaranteeState.ACTIVE:
        raise ValueError(f"{guarantee.id} is not on offer")
    after = replace(guarantee, state=GuaranteeState.SUSPENDED, version=guarantee.version + 1)
    return Change(guarantee, after, (Happening("guarantee.suspended", {"party": guarantee.party_id}),))


def resume_guarantee(guarantee: Guarantee) -> Change[Guarantee]:
    """It is on offer again. Refuses (ValueError) one that is not suspended."""
    if guarantee.state is not GuaranteeState.SUSPENDED:
        raise ValueError(f"{guarantee.id} is not suspended")
    after = replace(guarantee, state=GuaranteeState.ACTIVE, version=guarantee.version + 1)
    return Change(guarantee, after, (Happening("guarantee.resumed", {"party": guarantee.party_id}),))


def end_guarantee(guarantee: Guarantee, *, at: datetime) -> Change[Guarantee]:
    """It has ended because its party may offer it no longer; covers stay. Refuses (ValueError) one that has ended."""
    if guarantee.state is GuaranteeState.ENDED:
        raise ValueError(f"{guarantee.id} has ended")
    after = replace(guarantee, state=GuaranteeState.ENDED, ends_at=at, version=guarantee.version + 1)
    return Change(guarantee, after, (Happening("guarantee.ended", {"party": guarantee.party_id}),))
