"""What a claim comes to, line by line: by the rule, by agreement, by the marketplace's own decision, and who bears it.

Laws: the amounts of the lines sum to the claim's amount; no line gets more than its loss; whatever gives the buyer
something says who bears it, in shares that sum to 10,000 basis points.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from domain import money
from domain.claims import offers, shipping_method
from domain.claims.claim import Claim, ClaimLine, DecideClaim, LineWish
from domain.claims.life import ClaimOutcome
from domain.claims.reasons import GOODS_LOST, REASONS, ClaimReason
from domain.copies import replace
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, Input
from domain.exposure import LossCause
from domain.guarantees import ComplaintFacts, Judgement, OrderFacts
from domain.ids import ClaimId, ClaimLineId, Id, OrderLineId, ShipmentId
from domain.liability import Bearer, Shares, stated
from domain.money import WHOLE_BP, Money
from domain.remedies import IN_KIND, REFUNDS, RemedyKind
from domain.tracking import ResponsibleParty

MintLine = Callable[[], ClaimLineId]
"""Where the ids of new lines come from."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a claim comes to: its outcome, what each line gets, who bears it, and whether the goods go back first."""

    outcome: ClaimOutcome
    base: Money
    lines: tuple[ClaimLine, ...]
    shares: Shares | None = None
    return_required: bool = False
    relied_on: tuple[Id, ...] = ()

    @property
    def amount(self) -> Money:
        """The money in it."""
        parts = [line.amount for line in self.lines if line.amount is not None]
        return money.total(parts, self.base.currency)


# -- the lines ---------------------------------------------------------------------------------------------------------


def judged_lines(claim_id: ClaimId, judgement: Judgement, mint: MintLine) -> tuple[ClaimLine, ...]:
    """The lines that the rule finds broken, each with what the rule gives for it: its loss and the buyer's request."""
    return tuple(
        _line(claim_id, place, OrderLineId(line_id), part, judgement.remedy, mint)
        for place, (line_id, part) in enumerate(judgement.lines, start=1)
    )


def requested_lines(
    claim_id: ClaimId, judgement: Judgement, wishes: Sequence[LineWish], mint: MintLine
) -> tuple[ClaimLine, ...]:
    """The lines that the buyer names, with its requests. Refuses like `offers.require_lines`."""
    wanted = {wish.line_id for wish in wishes}
    lines = judged_lines(claim_id, judgement, mint)
    filled = {wish.line_id: wish for wish in offers.require_lines(wishes, lines)}
    kept = [line for line in lines if line.line_id in wanted]
    return tuple(
        replace(
            line,
            position=place,
            requested_remedy=filled[line.line_id].remedy,
            requested=filled[line.line_id].amount or Money.zero(line.loss.currency),
        )
        for place, line in enumerate(kept, start=1)
    )


def opened_lines(
    claim_id: ClaimId, judgement: Judgement, wishes: Sequence[LineWish], mint: MintLine
) -> tuple[ClaimLine, ...]:
    """The lines of a claim that is opened; none where there are no grounds, for which `open_claim` refuses it.

    Refuses with Invalid whatever is asked for by line under a rule that pays nothing.
    """
    if not judgement.grounds.holds:
        return ()
    return requested_lines(claim_id, judgement, wishes, mint) if wishes else judged_lines(claim_id, judgement, mint)


def _line(
    claim_id: ClaimId, position: int, line_id: OrderLineId, part: Money, remedy: RemedyKind, mint: MintLine
) -> ClaimLine:
    return ClaimLine(mint(), claim_id, position, line_id, part, remedy, part)


def by_rule(claim: Claim, judgement: Judgement, shares: Shares, mint: MintLine) -> Ruling:
    """What the rule gives for the facts as they stand: for the lines that the buyer named, or for all it finds."""
    lines = _judged_now(claim, judgement, mint)
    given = tuple(
        replace(line, remedy=judgement.remedy, amount=min(line.requested, line.loss) if claim.itemised else line.loss)
        for line in lines
    )
    return Ruling(ClaimOutcome.GRANTED, judgement.base, _nothing_where_zero(given), shares, judgement.return_required)


def as_made(claim: Claim, judgement: Judgement, shares: Shares, mint: MintLine) -> Ruling:
    """What the buyer asked for, remedy by remedy: the party that was silent has nothing to say against it.

    What its promise gives as a coupon stays one: asking for money does not make it money.
    """
    if not claim.itemised:
        return by_rule(claim, judgement, shares, mint)
    given = tuple(
        replace(line, remedy=_promised(line.requested_remedy, judgement), amount=min(line.requested, line.loss))
        for line in _judged_now(claim, judgement, mint)
    )
    required = judgement.return_required and any(line.remedy is RemedyKind.REFUND_FULL for line in given)
    return Ruling(ClaimOutcome.GRANTED, judgement.base, _nothing_where_zero(given), shares, required)


def _promised(asked: RemedyKind, judgement: Judgement) -> RemedyKind:
    return judgement.remedy if judgement.remedy is RemedyKind.COUPON and asked in REFUNDS else asked


def by_agreement(claim: Claim, wishes: Sequence[LineWish], shares: Shares) -> Ruling:
    """What the two sides settled for. Goods that came otherwise than agreed go back for a full refund."""
    required = claim.lost_by is LossCause.CONDITION and offers.returns_goods(wish.remedy for wish in wishes)
    return Ruling(ClaimOutcome.AGREED, claim.base, _awarded(claim.lines, wishes), shares, required)


def by_staff(claim: Claim, judgement: Judgement, command: DecideClaim, shares: Shares, mint: MintLine) -> Ruling:
    """What the marketplace decides. Without lines a grant is by rule.

    Refuses with Invalid a partial grant that names no line, a denial that names any or says who bears what; with
    Refused what is above the loss, and a partial grant that gives as much as the rule.
    """
    require_consistent(command)
    if command.shares:
        shares = stated(command.shares)
    if not command.lines:
        return replace(by_rule(claim, judgement, shares, mint), relied_on=command.relied_on)
    lines = _judged_now(claim, judgement, mint)
    wishes = offers.require_lines(command.lines, lines)
    awarded = _awarded(lines, wishes)
    required = judgement.return_required and any(wish.remedy is RemedyKind.REFUND_FULL for wish in wishes)
    ruling = Ruling(command.outcome, judgement.base, awarded, shares, required, command.relied_on)
    whole = money.total([line.loss for line in lines], claim.amount.currency)
    if command.outcome is ClaimOutcome.PARTLY and ruling.amount == whole:
        inputs: dict[str, Input] = {"amount": str(ruling.amount), "loss": str(whole)}
        raise Refused(
            "claim.decide_claim", "It is all of the loss.", (Finding("claim.partly", False, "claim_partly", inputs),)
        )
    return ruling


def capped(ruling: Ruling, left: Mapping[OrderLineId, Money]) -> Ruling:
    """The ruling, no line above what is left of its loss: for decisions that nobody is there to be refused."""
    lines = tuple(
        replace(line, amount=min(line.amount, left[line.line_id]))
        if line.amount is not None and line.line_id in left
        else line
        for line in ruling.lines
    )
    return replace(ruling, lines=_nothing_where_zero(lines))


def gives(ruling: Ruling) -> bool:
    """Whether anything is left to give."""
    return any(line.remedy is not None for line in ruling.lines)


def denied(
    claim: Claim, base: Money, outcome: ClaimOutcome = ClaimOutcome.DENIED, relied_on: tuple[Id, ...] = ()
) -> Ruling:
    """Nothing for any line."""
    lines = tuple(replace(line, remedy=None, amount=None) for line in claim.lines)
    return Ruling(outcome, base, lines, relied_on=relied_on)


def require_consistent(command: DecideClaim) -> None:
    """Nothing, if the decision does not contradict itself. Refuses with Invalid, naming each contradiction."""
    if problems := _contradictions(command):
        raise Invalid(*problems)


def _contradictions(command: DecideClaim) -> list[Problem]:
    problems = []
    if command.outcome is ClaimOutcome.PARTLY and not command.lines:
        problems.append(Problem(("lines",), "says which part is granted"))
    if command.outcome is ClaimOutcome.DENIED:
        problems += [Problem((name,), "is not for a denial") for name in ("lines", "shares") if getattr(command, name)]
    if command.outcome not in DECIDABLE_AS:
        problems.append(Problem(("outcome",), f"is one of {', '.join(DECIDABLE_AS)}"))
    return problems


DECIDABLE_AS: Final = (ClaimOutcome.GRANTED, ClaimOutcome.PARTLY, ClaimOutcome.DENIED)
"""What the marketplace can decide; the two sides agree by themselves, and evidence is missing by itself."""


def _judged_now(claim: Claim, judgement: Judgement, mint: MintLine) -> tuple[ClaimLine, ...]:
    """The claim's lines with their loss as the rule finds it now; new ones where the buyer did not name its own."""
    losses = dict(judgement.lines)
    nothing = Money.zero(claim.amount.currency)
    known = tuple(
        replace(line, loss=losses.pop(line.line_id, nothing), remedy=None, amount=None) for line in claim.lines
    )
    if claim.itemised:
        return known
    more = (
        _line(claim.id, place, OrderLineId(line_id), part, judgement.remedy, mint)
        for place, (line_id, part) in enumerate(losses.items(), start=len(known) + 1)
    )
    return (*known, *more)


def _awarded(lines: Iterable[ClaimLine], wishes: Iterable[LineWish]) -> tuple[ClaimLine, ...]:
    by_line = {wish.line_id: wish for wish in wishes}
    given = tuple(
        replace(line, remedy=None, amount=None)
        if (wish := by_line.get(line.line_id)) is None
        else replace(line, remedy=wish.remedy, amount=wish.amount)
        for line in lines
    )
    return _nothing_where_zero(given)


def _nothing_where_zero(lines: Iterable[ClaimLine]) -> tuple[ClaimLine, ...]:
    """A line that gets no money and nothing in kind gets no remedy."""
    return tuple(
        replace(line, remedy=None, amount=None)
        if line.remedy not in IN_KIND and line.amount is not None and not line.amount.minor
        else line
        for line in lines
    )


# -- who bears it ------------------------------------------------------------------------------------------------------

BEARERS: Final[Mapping[ResponsibleParty, Bearer | None]] = {
    ResponsibleParty.CARRIER: Bearer.CARRIER,
    ResponsibleParty.SHIPPER: Bearer.SUPPLIER,
    ResponsibleParty.CONSIGNEE: Bearer.BUYER,
    ResponsibleParty.CUSTOMS: None,
    ResponsibleParty.FORCE_MAJEURE: Bearer.FORCE_MAJEURE,
    ResponsibleParty.OTHER: None,
}
"""Whoever answers for what tracking reported -> whoever bears the loss; None: the party that gave the promise."""
assert BEARERS.keys() == set(ResponsibleParty)

ON_THE_WAY: Final = GOODS_LOST | {LossCause.LATENESS}
"""What goods suffer on their way, so that tracking knows who answers for it."""


def proposed_shares(
    claim: Claim,
    facts: OrderFacts,
    answering: Mapping[ShipmentId, ResponsibleParty],
    carried: Mapping[OrderLineId, ShipmentId],
) -> tuple[Shares, Finding]:
    """Who bears the loss by the facts on record, and why: the party that gave the promise, unless tracking says else.

    `answering` says who answers for what tracking reported of a shipment, `carried` in which each line travels. Lines
    weigh by their value; a broken service level lays all of it on the party by itself. What the buyer itself caused is
    still the marketplace's to find: nothing is laid on it.
    """
    party = claim.party_bears
    tracked = claim.lost_by in ON_THE_WAY and not REASONS[claim.reason].at_source
    weights: dict[Bearer, int] = {}
    because: list[Finding] = []
    for line in claim.lines:
        shipment_id = carried.get(line.line_id)
        responsible = answering.get(shipment_id) if shipment_id is not None and tracked else None
        bearer = None if responsible is None else BEARERS[responsible]
        bearer = party if bearer in (None, Bearer.BUYER) else bearer
        weights[bearer] = weights.get(bearer, 0) + max(line.loss.minor, 1)
        if responsible is not None:
            inputs: dict[str, Input] = {
                "shipment": str(shipment_id),
                "responsible": responsible.value,
                "bearer": bearer.value,
            }
            because.append(Finding("liability.tracking", True, "liability_of_tracking", inputs))
    because.extend(_broken_levels(claim, facts))
    shares = _shares(weights) if weights else Shares.whole(party)
    return shares, borne(shares, tuple(because))


def _broken_levels(claim: Claim, facts: OrderFacts) -> tuple[Finding, ...]:
    """Each request with a level that was not kept, as its own deadlines say."""
    if claim.lost_by is not LossCause.SERVICE:
        return ()
    return tuple(
        Finding(
            "liability.service",
            True,
            "liability_of_service_level",
            {"service": service.kind.value, "bearer": claim.party_bears.value},
        )
        for service in facts.services
        if any(milestone not in service.reached for milestone in service.deadlines)
        or any(
            service.reached[milestone] > due
            for milestone, due in service.deadlines.items()
            if milestone in service.reached
        )
    )


def _shares(weights: Mapping[Bearer, int]) -> Shares:
    """Basis points by weight; what rounding leaves over goes to the largest remainders."""
    bearers = [bearer for bearer in Bearer if bearer in weights]
    parts = money.share_out(Money(WHOLE_BP, "USD"), [weights[bearer] for bearer in bearers])
    return Shares.of({bearer: part.minor for bearer, part in zip(bearers, parts, strict=True)})


def borne(shares: Shares, because: tuple[Finding, ...] = ()) -> Finding:
    """The finding of who bears what, for the tree of a decision."""
    inputs: dict[str, Input] = {part.bearer.value: part.basis_points for part in shares}
    spelled = ", ".join(f"{part.bearer.value} {part.basis_points}" for part in shares)
    return Finding("claim.liability", True, "claim_liability_shared", inputs | {"shares": spelled}, because=because)


# -- what the judges are told ------------------------------------------------------------------------------------------


def complaint(reason: ClaimReason, lines: Iterable[OrderLineId] = ()) -> ComplaintFacts:
    """What the buyer complains of by that reason, and for which lines (none named: all)."""
    return ComplaintFacts(REASONS[reason].complaint, tuple(map(str, lines)))


def with_proven(facts: OrderFacts, proven: Mapping[str, Money]) -> OrderFacts:
    """The facts with what evidence proves of the loss of single lines."""
    if facts.complaint is None or not proven:
        return facts
    return replace(facts, complaint=replace(facts.complaint, proven=proven))


def found_of_method(command: DecideClaim, reason: ClaimReason) -> tuple[Finding, ...]:
    """What the decision list says of a changed method of shipping.

    Refuses with Invalid findings for another reason, and a grant for this reason without them or against them.
    """
    if reason is not ClaimReason.SHIPPING_METHOD_CHANGED:
        if command.shipping_method is not None:
            raise Invalid(Problem(("shippingMethod",), f"is not for {reason.value}"))
        return ()
    if command.shipping_method is None:
        raise Invalid(Problem(("shippingMethod",), "says what was agreed and how the goods travelled"))
    finding = shipping_method.judge(command.shipping_method)
    if not finding.holds and command.outcome is not ClaimOutcome.DENIED:
        raise Refused("claim.decide_claim", "The seller does not answer for the change.", finding.because)
    return (finding,)
