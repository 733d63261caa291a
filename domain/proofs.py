"""Proofs: what a provider hands in for a requirement, and what the desk makes of it.

    SUBMITTED -accept-> ACCEPTED          SUBMITTED -reject-> REJECTED          (nothing) -waive-> WAIVED
    any of them -the next one-> SUPERSEDED

Laws: what cannot meet the requirement is refused when it is handed in, with everything that is wrong with it; what
stands goes on standing until its renewal is accepted; who handed something in never accepts it; where the rule wants
four eyes, two people accept it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain import dates, identifiers
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.dates import Calendar
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, Input, unmet
from domain.ids import ProviderId, RequirementItemId, RuleVersionId, UploadId
from domain.money import Money
from domain.moves import Move
from domain.providers import Provider
from domain.requirements import PENDING, STANDING, ItemState, Matrix, Requirement, RequirementItem, RequirementKind
from domain.terms import COUNT_MAX, DAYS_MAX
from domain.uploads import UploadKind


class RequirementAction(StrEnum):
    """What can be done with something handed in; the value is the mutation's name in capitals."""

    ACCEPT_REQUIREMENT = "ACCEPT_REQUIREMENT"
    """acceptRequirement: it proves what it should."""
    REJECT_REQUIREMENT = "REJECT_REQUIREMENT"
    """rejectRequirement: it does not do."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What is handed in for a requirement; which members it needs follows from the requirement's kind."""

    value: str | None = None
    declared: bool | None = None
    amount: Money | None = None
    quantity: int | None = None
    upload_id: UploadId | None = None
    note: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


PERSONAL_VALUE: Final = "value"
"""The field of `personal_data` under which a number about a person lies."""


def plain(requirement: Requirement, proof: Proof, personal_value: str | None) -> Proof:
    """The proof with its number where the rules look for it. Refuses a number about a person given as another one."""
    if requirement.personal and proof.value is not None:
        raise Invalid(Problem(("value",), "is about a person: give it as personalValue"))
    if personal_value is None:
        return proof
    if not requirement.personal:
        raise Invalid(Problem(("personalValue",), "is not about a person: give it as value"))
    return replace(proof, value=personal_value)


def masked(proof: Proof, digest: str) -> Proof:
    """The proof with a keyed digest in place of the number about a person."""
    return replace(proof, value=digest)


def fitting(requirement: Requirement) -> frozenset[UploadKind]:
    """The kinds of files that prove it: the rule's; else any but those that are about another thing altogether."""
    others = NO_PROOFS if requirement.personal else NO_PROOFS | {UploadKind.IDENTITY}
    return requirement.files or frozenset(UploadKind) - others


NO_PROOFS: Final = frozenset({UploadKind.RATE_SHEET, UploadKind.EVIDENCE})
"""What no requirement is proved by. A person's identity is no proof of what a company has."""


def checked(of: Matrix, requirement: Requirement, proof: Proof, at: datetime) -> Proof:
    """The proof with its number in the one spelling.

    Raises:
        Invalid: members are missing, do not belong to the requirement's kind, or are spelled wrongly; every problem.
        Refused: it is below the threshold, in another currency, or no longer (or not yet) counts; every condition.
    """
    problems, compact = _problems(requirement, proof)
    problems += too_far(proof.valid_until, at, "validUntil")
    if problems:
        raise Invalid(*problems)
    if because := unmet(_thresholds(of.versions[requirement.key], requirement, proof, at)):
        raise Refused("onboarding.proof", f"This does not meet {requirement.title!r}.", because)
    return replace(proof, value=compact)


def too_far(end: datetime | None, at: datetime, *path: str) -> tuple[Problem, ...]:
    """What is wrong with an end that lies further ahead than anything in trade: calendars do not reach there."""
    if end is None or end - at <= timedelta(days=DAYS_MAX):
        return ()
    return (Problem(path, f"must lie at most {DAYS_MAX} days ahead"),)


def _problems(requirement: Requirement, proof: Proof) -> tuple[list[Problem], str | None]:
    kind = requirement.kind
    if requirement.derived:
        return [Problem(("requirement",), "follows from something else: there is nothing to hand in")], None
    has = {
        "value": (proof.value is not None, kind is RequirementKind.IDENTIFIER),
        "declared": (proof.declared is not None, kind is RequirementKind.DECLARATION),
        "amount": (proof.amount is not None, requirement.least is not None),
        "quantity": (proof.quantity is not None, requirement.least_count is not None),
        "uploadId": (proof.upload_id is not None, requirement.needs_upload),
        "validUntil": (proof.valid_until is not None, requirement.dated),
    }
    problems = [Problem((name,), "is needed here") for name, (there, needed) in has.items() if needed and not there]
    optional = {"uploadId", "validUntil"}
    problems += [
        Problem((name,), f"does not belong to a requirement of kind {kind}")
        for name, (there, needed) in has.items()
        if there and not needed and name not in optional
    ]
    if proof.declared is False:
        problems.append(Problem(("declared",), "must be true: it is the statement itself"))
    if proof.quantity is not None and not 0 <= proof.quantity <= COUNT_MAX:
        problems.append(Problem(("quantity",), f"must lie between 0 and {COUNT_MAX}"))
    compact: str | None = None
    if requirement.scheme is not None and proof.value is not None:
        try:
            compact = identifiers.compact(requirement.scheme, proof.value)
        except ValueError as reason:
            problems.append(Problem(("value",), f"{reason}"))
    return problems, compact


def _thresholds(version: str, requirement: Requirement, proof: Proof, at: datetime) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    if requirement.least is not None and proof.amount is not None:
        same = proof.amount.currency == requirement.least.currency
        currencies: dict[str, Input] = {"currency": proof.amount.currency, "wanted": requirement.least.currency}
        findings.append(Finding("onboarding.currency", same, "requirement_currency", currencies, version=version))
        if same:
            amounts: dict[str, Input] = {
                "amountMinor": proof.amount.minor,
                "leastMinor": requirement.least.minor,
                "currency": requirement.least.currency,
            }
            enough = proof.amount >= requirement.least
            findings.append(Finding("onboarding.threshold", enough, "requirement_amount", amounts, version=version))
    if requirement.least_count is not None and proof.quantity is not None:
        numbers: dict[str, Input] = {"quantity": proof.quantity, "least": requirement.least_count}
        enough = proof.quantity >= requirement.least_count
        findings.append(Finding("onboarding.threshold", enough, "requirement_quantity", numbers, version=version))
    if proof.valid_from is not None:
        begins = dates.rfc3339(proof.valid_from)
        findings.append(
            Finding(
                "onboarding.begun", proof.valid_from <= at, "requirement_begun", {"validFrom": begins}, opens_at=begins
            )
        )
    if proof.valid_until is not None:
        ends = dates.rfc3339(proof.valid_until)
        findings.append(
            Finding("onboarding.unexpired", at <= proof.valid_until, "requirement_unexpired", {"validUntil": ends})
        )
    return tuple(findings)


def submit_requirement(
    requirement: Requirement,
    provider: Provider,
    proof: Proof,
    items: Iterable[RequirementItem],
    *,
    rule_version_id: RuleVersionId,
    id: RequirementItemId,
    by: str,
    at: datetime,
) -> tuple[Change[RequirementItem], ...]:
    """The proof, `checked` before, waits for the desk; what waited there or was rejected before is superseded.

    What stands goes on standing until this is accepted. `items` are the provider's own for that requirement.
    """
    item = RequirementItem(
        id=id,
        provider_id=provider.id,
        requirement=requirement.key,
        state=ItemState.SUBMITTED,
        personal=requirement.personal,
        value=proof.value,
        declared=proof.declared,
        amount=proof.amount,
        quantity=proof.quantity,
        upload_id=proof.upload_id,
        note=proof.note,
        valid_from=proof.valid_from,
        valid_until=proof.valid_until,
        submitted_by=by,
        submitted_at=at,
        endorsed_by=None,
        reviewed_by=None,
        reviewed_at=None,
        reason=None,
        rule_version_id=rule_version_id,
        version=1,
    )
    happened = Happening("requirement.submitted", {"provider": provider.id, "requirement": requirement.key})
    return (*superseded(items, PENDING), Change(None, item, (happened,)))


def accept_requirement(
    requirement: Requirement,
    item: RequirementItem,
    items: Iterable[RequirementItem],
    *,
    by: str,
    at: datetime,
    calendar: Calendar,
) -> tuple[Change[RequirementItem], ...]:
    """The item stands, and what stood before is superseded; where the rule wants four eyes, the first look is noted.

    It counts until its own last day, or until the requirement's validity has passed, whichever is first.

    Refuses, with every reason, what does not wait for the desk, what has expired meanwhile, and a second look by the
    same person.
    """
    require_reviewable(requirement, item, by, at)
    if requirement.four_eyes and item.endorsed_by is None:
        endorsed = replace(item, endorsed_by=by, version=item.version + 1)
        return (Change(item, endorsed, (_happening("requirement.endorsed", item),)),)
    ends = [item.valid_until] if item.valid_until is not None else []
    if requirement.validity_days is not None:
        ends.append(dates.day_deadline(at, requirement.validity_days, calendar))
    accepted = replace(
        item,
        state=ItemState.ACCEPTED,
        valid_until=min(ends, default=None),
        reviewed_by=by,
        reviewed_at=at,
        version=item.version + 1,
    )
    return (*superseded(items, STANDING), Change(item, accepted, (_happening("requirement.accepted", item),)))


def reject_requirement(item: RequirementItem, *, reason: str, by: str, at: datetime) -> Change[RequirementItem]:
    """The item does not do, for that reason. Refuses what does not wait for the desk."""
    if because := unmet((_waits(item),)):
        raise Refused("requirement.reject", "It does not wait for the desk.", because)
    after = replace(
        item, state=ItemState.REJECTED, reason=reason, reviewed_by=by, reviewed_at=at, version=item.version + 1
    )
    return Change(item, after, (_happening("requirement.rejected", item),))


def waive_requirement(
    requirement: Requirement,
    provider_id: ProviderId,
    items: Iterable[RequirementItem],
    *,
    until: datetime,
    reason: str,
    rule_version_id: RuleVersionId,
    id: RequirementItemId,
    by: str,
    at: datetime,
) -> tuple[Change[RequirementItem], ...]:
    """`by` answers for the requirement until `until`; what stood before is superseded. Refuses an end in the past."""
    require_end(until, at)
    waiver = RequirementItem(
        id=id,
        provider_id=provider_id,
        requirement=requirement.key,
        state=ItemState.WAIVED,
        personal=requirement.personal,
        value=None,
        declared=None,
        amount=None,
        quantity=None,
        upload_id=None,
        note=None,
        valid_from=None,
        valid_until=until,
        submitted_by=by,
        submitted_at=at,
        endorsed_by=None,
        reviewed_by=by,
        reviewed_at=at,
        reason=reason,
        rule_version_id=rule_version_id,
        version=1,
    )
    return (*superseded(items, STANDING), Change(None, waiver, (_happening("requirement.waived", waiver),)))


def require_end(until: datetime, at: datetime) -> None:
    """Returns if a waiver can end then. Refuses an end that is over, and one too far ahead."""
    problems = too_far(until, at, "until")
    if until <= at:
        problems = (Problem(("until",), "must lie in the future"),)
    if problems:
        raise Invalid(*problems)


def require_reviewable(requirement: Requirement, item: RequirementItem, by: str, at: datetime) -> None:
    """Returns if `by` may accept the item at `at`. Otherwise refuses with every reason."""
    if because := unmet(reviewable(requirement, item, by, at)):
        raise Refused("requirement.accept", "It cannot be accepted now.", because)


def reviewable(requirement: Requirement, item: RequirementItem, by: str, at: datetime) -> tuple[Finding, ...]:
    """Whether `by` may accept the item at `at`: it waits for the desk, still counts, and is seen by a second person."""
    ends = None if item.valid_until is None else dates.rfc3339(item.valid_until)
    return (
        _waits(item),
        Finding(
            "onboarding.unexpired",
            item.valid_until is None or at <= item.valid_until,
            "requirement_unexpired",
            {"validUntil": ends},
        ),
        Finding(
            "onboarding.four_eyes",
            not requirement.four_eyes or item.endorsed_by != by,
            "second_person",
        ),
        Finding("onboarding.own_proof", item.submitted_by != by, "not_own_proof"),
    )


def superseded(items: Iterable[RequirementItem], states: frozenset[ItemState]) -> tuple[Change[RequirementItem], ...]:
    """The items in those states give way to another."""
    return tuple(
        Change(
            item,
            replace(item, state=ItemState.SUPERSEDED, version=item.version + 1),
            (_happening("requirement.superseded", item),),
        )
        for item in items
        if item.state in states
    )


def _waits(item: RequirementItem) -> Finding:
    waits = item.state is ItemState.SUBMITTED
    return Finding("requirement.state", waits, "requirement_waits_for_desk", {"state": item.state.value})


def _happening(name: str, item: RequirementItem) -> Happening:
    told: dict[str, Fact] = {"provider": item.provider_id, "requirement": item.requirement}
    if item.valid_until is not None:
        told["validUntil"] = dates.rfc3339(item.valid_until)
    return Happening(name, told)


def moves(requirement: Requirement | None, item: RequirementItem, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the item at `at`, and why not. `requirement` is None where the rules forgot it."""
    accept = Finding("requirement.role", may(caller, "acceptRequirement"), "provider_action_of_your_role")
    reject = Finding("requirement.role", may(caller, "rejectRequirement"), "provider_action_of_your_role")
    known = Finding(
        "requirement.known", requirement is not None, "requirement_known", {"requirement": item.requirement}
    )
    because = () if requirement is None else reviewable(requirement, item, caller.actor_id, at)
    return (
        Move(RequirementAction.ACCEPT_REQUIREMENT.value, unmet((accept, known, *because)), closes_at=item.valid_until),
        Move(RequirementAction.REJECT_REQUIREMENT.value, unmet((reject, _waits(item)))),
    )
