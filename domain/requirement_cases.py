"""The examples that rules about onboarding bring: what a set asks of a provider, and how long the procedure lasts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain import dates
from domain.dates import Calendar
from domain.errors import Invalid, Problem, Refused
from domain.ids import UploadId
from domain.money import Money
from domain.proofs import Proof, checked
from domain.requirements import (
    Matrix,
    OnboardingTerms,
    ProviderFacts,
    RequirementSet,
    applicable,
    correction_due_at,
    review_due_at,
)
from domain.terms import Days, WorkingDays


@dataclass(frozen=True, slots=True)
class RequirementGiven:
    """Such a provider is asked, or hands that in for `requirement` at `at`."""

    provider: ProviderFacts
    at: datetime
    requirement: str | None = None
    value: str | None = None
    amount: Money | None = None
    quantity: int | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RequirementFound:
    """What it is asked for; and of what it handed in, the compact number or what is wrong with it."""

    keys: tuple[str, ...]
    value: str | None
    problems: tuple[str, ...]
    unmet: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApplicationGiven:
    """Something is handed in, and the desk asks for corrections, at `at`."""

    at: datetime
    calendar: Calendar = dates.UTC_DAYS


@dataclass(frozen=True, slots=True)
class ApplicationFound:
    """Until when the desk has to review it, and the applicant to correct it."""

    review_due_at: datetime
    correction_due_at: datetime


def judge(rule: RequirementSet, given: RequirementGiven) -> RequirementFound:
    """What the set asks of the provider, and what it makes of what was handed in. Refuses (Invalid) an unknown key."""
    keys = tuple(each.key for each in applicable(rule.requirements, given.provider))
    if given.requirement is None:
        return RequirementFound(keys, None, (), ())
    requirement = next((each for each in rule.requirements if each.key == given.requirement), None)
    if requirement is None:
        raise Invalid(Problem(("requirement",), "The set has no such requirement."))
    of = Matrix(_NO_PROCEDURE, rule.requirements, {each.key: rule.version for each in rule.requirements})
    needed = UploadId("upl_of_the_case") if requirement.needs_upload else None
    proof = Proof(given.value, None, given.amount, given.quantity, needed, valid_until=given.valid_until)
    try:
        proof = checked(of, requirement, proof, given.at)
    except Invalid as refusal:
        return RequirementFound(keys, None, tuple(problem.message for problem in refusal.problems), ())
    except Refused as refusal:
        return RequirementFound(keys, None, (), tuple(finding.reason for finding in refusal.unmet))
    return RequirementFound(keys, proof.value, (), ())


def judge_procedure(rule: OnboardingTerms, given: ApplicationGiven) -> ApplicationFound:
    """The two deadlines."""
    return ApplicationFound(
        review_due_at(rule, given.at, given.calendar), correction_due_at(rule, given.at, given.calendar)
    )


_NO_PROCEDURE: Final = OnboardingTerms("", (), WorkingDays(0), Days(0), (), Days(0), frozenset())
"""Stands in where a set is tried by itself."""
