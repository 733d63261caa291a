"""The matrix of requirements: who is asked for what, how it stands, what is wrong with a proof."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import identifiers, onboarding, proofs, requirements, terms
from domain.dates import DAY, MICROSECOND, UTC_DAYS, instant
from domain.errors import Invalid, Refused
from domain.gates import Gates
from domain.identifiers import IdentifierScheme
from domain.ids import OrganisationId, ProviderId, RequirementItemId, RuleVersionId, UploadId
from domain.modes import ServiceMode
from domain.money import Money
from domain.proofs import Proof
from domain.providers import Provider, ProviderKind, ProviderState, ProviderTier, Trait
from domain.requirements import (
    MET,
    Actor,
    Condition,
    ItemState,
    OnboardingTerms,
    Requirement,
    RequirementItem,
    RequirementKind,
    RequirementSet,
    RequirementStatus,
    Stage,
    Standing,
)
from domain.terms import Count
from tests import shipped

AT = instant("2026-11-22T12:00:00Z")
PROCEDURE = shipped.rule(OnboardingTerms, "onboarding.toml", "rul_p")
SETS = tuple(shipped.rule(RequirementSet, f"{key}.toml", f"rul_{key}") for key in PROCEDURE.sets)
MATRIX = requirements.matrix(PROCEDURE, SETS)
PROVIDER = Provider(
    id=ProviderId.mint(1, 1),
    organisation_id=OrganisationId.mint(1, 1),
    reference=None,
    name="Blue Anchor Lines",
    country="US",
    kind=ProviderKind.NVOCC,
    state=ProviderState.DRAFT,
    state_since=AT,
    state_reason=None,
    served_markets=frozenset({"US"}),
    services=frozenset({ServiceMode.SEA_FCL}),
    traits=frozenset(),
    tier=ProviderTier.STANDARD,
    monthly_volume=10,
    vouched_by=None,
    decision_id=None,
    registered_at=AT,
    activated_at=None,
    version=1,
)
BOND = MATRIX.by_key("us_ocean_bond_nvocc") or pytest.fail("no bond")
UPLOAD = UploadId.mint(1, 1)


def item(
    requirement: Requirement, state: ItemState = ItemState.ACCEPTED, number: int = 1, **members: Any
) -> RequirementItem:
    """Something handed in yesterday, and looked at if its state says so."""
    looked_at = state is not ItemState.SUBMITTED
    plain: dict[str, Any] = {
        "id": RequirementItemId.mint(number, number),
        "provider_id": PROVIDER.id,
        "requirement": requirement.key,
        "state": state,
        "personal": requirement.personal,
        "value": None,
        "declared": None,
        "amount": None,
        "quantity": None,
        "upload_id": None,
        "note": None,
        "valid_from": None,
        "valid_until": None,
        "submitted_by": "mem_applicant",
        "submitted_at": AT - DAY,
        "endorsed_by": None,
        "reviewed_by": "mem_desk" if looked_at else None,
        "reviewed_at": AT if looked_at else None,
        "reason": "because" if state in {ItemState.REJECTED, ItemState.WAIVED} else None,
        "rule_version_id": RuleVersionId.mint(1, 1),
        "version": 1,
    }
    return RequirementItem(**{**plain, **members})


def standing(key: str, *items: RequirementItem, provider: Provider = PROVIDER, at: datetime = AT) -> Standing:
    found = requirements.standings(MATRIX, provider, items, at, held={})
    return next(each for each in found if each.requirement.key == key)


# -- who is asked ------------------------------------------------------------------------------------------------------


def test_every_requirement_names_its_source_and_stands_once() -> None:
    assert all(requirement.source.startswith(("published", "ours")) for requirement in MATRIX.requirements)
    assert (
        len({requirement.key for requirement in MATRIX.requirements})
        == len(MATRIX.requirements)
        == len(MATRIX.versions)
    )
    assert sum(len(each.requirements) for each in SETS) == len(MATRIX.requirements)


def test_the_bonds_are_those_of_the_page() -> None:
    """`domain.md` 2.3, published P33."""
    least = {each.key: each.least for each in MATRIX.requirements if "bond" in each.key}
    assert least == {
        "us_ocean_bond_forwarder": Money(50_000_00, "USD"),
        "us_ocean_bond_nvocc": Money(75_000_00, "USD"),
        "us_ocean_bond_foreign_nvocc": Money(75_000_00, "USD"),
        "us_ocean_bond_unlicensed": Money(150_000_00, "USD"),
    }
    ocean = Gates(frozenset({ServiceMode.SEA_FCL, ServiceMode.SEA_LCL}), frozenset({"US"}))
    assert {each.gates for each in MATRIX.requirements if "bond" in each.key} == {ocean}


@pytest.mark.parametrize(
    ("changed", "asked"),
    [
        ({}, "us_ocean_bond_nvocc"),
        ({"kind": ProviderKind.FORWARDER}, "us_ocean_bond_forwarder"),
        ({"country": "CN"}, "us_ocean_bond_unlicensed"),
        ({"country": "CN", "traits": frozenset({Trait.US_OCEAN_LICENSED})}, "us_ocean_bond_foreign_nvocc"),
        ({"served_markets": frozenset({"DE"})}, None),
        ({"services": frozenset({ServiceMode.AIR})}, None),
    ],
)
def test_a_provider_has_at_most_one_bond_to_give(changed: dict[str, Any], asked: str | None) -> None:
    of = requirements.facts(replace(PROVIDER, **changed))
    bonds = [each.key for each in requirements.applicable(MATRIX.requirements, of) if "bond" in each.key]
    assert bonds == ([] if asked is None else [asked])


conditions = st.builds(
    Condition,
    kinds=st.frozensets(st.sampled_from(ProviderKind), max_size=2),
    countries=st.frozensets(st.sampled_from(["US", "CN"]), max_size=1),
    countries_except=st.frozensets(st.sampled_from(["US", "DE"]), max_size=1),
    markets=st.frozensets(st.sampled_from(["US", "DE"]), max_size=2),
    services=st.frozensets(st.sampled_from(ServiceMode), max_size=2),
    traits=st.frozensets(st.sampled_from(Trait), max_size=1),
    traits_absent=st.frozensets(st.sampled_from(Trait), max_size=1),
    volume_from=st.none() | st.integers(0, 100).map(Count),
)


@given(conditions, st.sampled_from(ProviderKind), st.sampled_from(["US", "CN", "DE"]), st.none() | st.integers(0, 100))
def test_naming_less_asks_no_fewer(when: Condition, kind: ProviderKind, country: str, volume: int | None) -> None:
    of = requirements.ProviderFacts(
        kind,
        country,
        frozenset({"US"}),
        frozenset({ServiceMode.AIR}),
        monthly_volume=None if volume is None else Count(volume),
    )
    narrow = Requirement("one", "One", RequirementKind.DOCUMENT, "ours", when=when)
    if requirements.applies(narrow, of):
        assert requirements.applies(replace(narrow, when=replace(when, markets=frozenset(), kinds=frozenset())), of)
    assert requirements.applies(replace(narrow, when=Condition()), of)


@pytest.mark.parametrize(
    "members",
    [
        {"kind": "IDENTIFIER"},
        {"kind": "DOCUMENT", "scheme": "LEI"},
        {"kind": "FIGURE"},
        {"kind": "FIGURE", "least": "1.00 USD", "least_count": 1},
        {"kind": "REFERENCE"},
        {"kind": "DOCUMENT", "refers_to": "other"},
        {"kind": "FIGURE", "least": "1.00 USD", "deposit": True},
        {"kind": "DECLARATION", "personal": True},
        {"kind": "DOCUMENT", "tells": "OWNER"},
    ],
)
def test_a_requirement_that_contradicts_itself_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        terms.read(Requirement, {"key": "one", "title": "One", "source": "ours", **members})


# -- how they stand ----------------------------------------------------------------------------------------------------


def test_an_item_counts_up_to_its_last_microsecond() -> None:
    until = AT + 10 * DAY
    given_ = item(BOND, valid_until=until)
    assert requirements.status_of(BOND, given_, until) is RequirementStatus.EXPIRING
    assert requirements.status_of(BOND, given_, until + MICROSECOND) is RequirementStatus.EXPIRED
    warned = until - 60 * DAY
    assert requirements.status_of(BOND, given_, warned) is RequirementStatus.EXPIRING
    assert requirements.status_of(BOND, given_, warned - MICROSECOND) is RequirementStatus.ACCEPTED


def test_a_renewal_takes_nothing_away_until_it_is_accepted() -> None:
    old = item(BOND, valid_until=AT + DAY, number=1)
    new = item(BOND, ItemState.SUBMITTED, number=2, valid_until=AT + 365 * DAY)
    found = standing(BOND.key, old, new)
    assert (found.status, found.item, found.pending, found.actor) == (
        RequirementStatus.EXPIRING, old, new, Actor.DESK,
    )  # fmt: skip
    late = standing(BOND.key, old, new, at=AT + 2 * DAY)
    assert (late.status, late.item, late.actor) == (RequirementStatus.SUBMITTED, new, Actor.DESK)
    rejected = standing(BOND.key, old, replace(new, state=ItemState.REJECTED, reason="Not yours."))
    assert (rejected.status, rejected.item) == (RequirementStatus.EXPIRING, old)
    both = standing(BOND.key, old, replace(new, state=ItemState.REJECTED, reason="Not yours."), at=AT + 2 * DAY)
    assert (both.status, both.actor) == (RequirementStatus.REJECTED, Actor.APPLICANT)


@pytest.mark.parametrize(
    ("state", "until", "status", "reason", "actor"),
    [
        (None, None, RequirementStatus.MISSING, "requirement_handed_in", Actor.APPLICANT),
        (ItemState.SUBMITTED, None, RequirementStatus.SUBMITTED, "requirement_reviewed", Actor.DESK),
        (ItemState.REJECTED, None, RequirementStatus.REJECTED, "requirement_not_rejected", Actor.APPLICANT),
        (ItemState.ACCEPTED, -1, RequirementStatus.EXPIRED, "requirement_unexpired", Actor.APPLICANT),
        (ItemState.ACCEPTED, 10, RequirementStatus.EXPIRING, None, Actor.APPLICANT),
        (ItemState.ACCEPTED, 90, RequirementStatus.ACCEPTED, None, Actor.NOBODY),
        (ItemState.WAIVED, 90, RequirementStatus.WAIVED, None, Actor.NOBODY),
        (ItemState.WAIVED, -1, RequirementStatus.EXPIRED, "requirement_unexpired", Actor.APPLICANT),
        (ItemState.SUPERSEDED, None, RequirementStatus.MISSING, "requirement_handed_in", Actor.APPLICANT),
    ],
)
def test_each_status_says_what_is_wrong_and_who_acts(
    state: ItemState | None, until: int | None, status: RequirementStatus, reason: str | None, actor: Actor
) -> None:
    items = () if state is None else (item(BOND, state, valid_until=None if until is None else AT + until * DAY),)
    found = standing(BOND.key, *items)
    assert (found.status, [each.reason for each in found.because], found.actor) == (
        status, [] if reason is None else [reason], actor,
    )  # fmt: skip
    assert (found.until is not None) == (status in MET or status is RequirementStatus.EXPIRED)


def test_a_reference_follows_what_it_refers_to() -> None:
    assert standing("us_ocean_guarantee_standing").status is RequirementStatus.MISSING
    found = standing("us_ocean_guarantee_standing", item(BOND, valid_until=AT + 400 * DAY))
    assert (found.status, found.until) == (RequirementStatus.ACCEPTED, AT + 400 * DAY)
    late = standing("us_ocean_guarantee_standing", item(BOND, valid_until=AT - DAY))
    assert [each.reason for each in late.because] == ["referred_requirement_accepted"]
    waived = item(MATRIX.by_key("us_ocean_guarantee_standing") or BOND, ItemState.WAIVED, valid_until=AT + DAY)
    assert standing("us_ocean_guarantee_standing", waived).status in MET


def test_a_deposit_is_what_is_held() -> None:
    chinese = replace(PROVIDER, country="CN")
    for minor, status in ((10_000_00, RequirementStatus.ACCEPTED), (9_999_99, RequirementStatus.MISSING)):
        found = requirements.standings(MATRIX, chinese, (), AT, held={"CNY": Money(minor, "CNY")})
        deposit = next(each for each in found if each.requirement.key == "deposit")
        assert deposit.status is status
        stages = [each.inputs["requirement"] for each in requirements.unaccepted(MATRIX, found, Stage.ACTIVATION)]
        assert stages == ([] if status in MET else ["deposit"])
        assert "deposit" not in [each.inputs["requirement"] for each in requirements.missing(MATRIX, found)]


def test_what_no_longer_applies_is_shown_as_such_if_something_was_handed_in() -> None:
    flying = replace(PROVIDER, services=frozenset({ServiceMode.AIR}))
    found = requirements.standings(MATRIX, flying, [item(BOND)], AT, held={})
    bond = next(each for each in found if each.requirement.key == BOND.key)
    assert bond.status is RequirementStatus.NOT_APPLICABLE
    assert "us_ocean_licence" not in {each.requirement.key for each in found}
    assert BOND.key not in {each.inputs["requirement"] for each in requirements.missing(MATRIX, found)}


def test_who_is_vouched_for_has_nothing_to_prove() -> None:
    found = requirements.standings(MATRIX, replace(PROVIDER, vouched_by="mem_desk"), (), AT, held={})
    assert {each.status for each in found} == {RequirementStatus.WAIVED}
    assert requirements.missing(MATRIX, found) == requirements.unaccepted(MATRIX, found, *Stage) == ()


def test_the_first_of_two_sets_with_one_key_counts() -> None:
    one = RequirementSet("rul_1", (Requirement("same", "First", RequirementKind.DOCUMENT, "ours"),))
    two = RequirementSet("rul_2", (Requirement("same", "Second", RequirementKind.DOCUMENT, "ours"),))
    both = requirements.matrix(PROCEDURE, (one, two))
    assert ([each.title for each in both.requirements], both.versions) == (["First"], {"same": "rul_1"})
    first = both.requirements[0]
    assert (first.warning_days, first.grace_days) == (PROCEDURE.warning_days, PROCEDURE.grace_days)


# -- proofs ------------------------------------------------------------------------------------------------------------


def bond(minor: int = 75_000_00, *, currency: str = "USD", until: datetime = AT + 365 * DAY) -> Proof:
    return Proof(amount=Money(minor, currency), upload_id=UPLOAD, valid_until=until)


def refused(requirement: Requirement, proof: Proof) -> list[str]:
    with pytest.raises(Refused) as caught:
        proofs.checked(MATRIX, requirement, proof, AT)
    return [finding.reason for finding in caught.value.unmet]


def test_a_bond_reaches_its_threshold_to_the_cent() -> None:
    assert proofs.checked(MATRIX, BOND, bond(), AT) == bond()
    assert refused(BOND, bond(74_999_99)) == ["requirement_amount"]
    assert refused(BOND, bond(75_000_00, currency="EUR")) == ["requirement_currency"]
    assert refused(BOND, bond(1, until=AT - MICROSECOND)) == ["requirement_amount", "requirement_unexpired"]
    assert proofs.checked(MATRIX, BOND, bond(until=AT), AT) == bond(until=AT)
    assert refused(BOND, replace(bond(), valid_from=AT + DAY)) == ["requirement_begun"]


def test_everything_missing_or_strange_is_named_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        proofs.checked(MATRIX, BOND, Proof(value="12", declared=False, quantity=-1), AT)
    assert [problem.field for problem in caught.value.problems] == [
        ("amount",), ("uploadId",), ("validUntil",), ("value",), ("declared",), ("quantity",), ("declared",),
        ("quantity",),
    ]  # fmt: skip


def test_who_handed_something_in_does_not_accept_it_and_two_people_look_at_a_bond() -> None:
    (made,) = proofs.submit_requirement(
        BOND, PROVIDER, bond(), (), rule_version_id=RuleVersionId("rul"), id=RequirementItemId.mint(9, 9),
        by="mem_applicant", at=AT,
    )  # fmt: skip
    given_ = made.after

    def accept(what: RequirementItem, by: str, *others: RequirementItem) -> tuple[Any, ...]:
        return proofs.accept_requirement(BOND, what, others, by=by, at=AT, calendar=UTC_DAYS)

    with pytest.raises(Refused) as own:
        accept(given_, "mem_applicant")
    assert [finding.reason for finding in own.value.unmet] == ["not_own_proof"]
    (first,) = accept(given_, "mem_one")
    assert (first.after.state, first.after.endorsed_by) == (ItemState.SUBMITTED, "mem_one")
    with pytest.raises(Refused) as again:
        accept(first.after, "mem_one")
    assert [finding.reason for finding in again.value.unmet] == ["second_person"]
    old = item(BOND, valid_until=AT + DAY)
    gone, second = accept(first.after, "mem_two", old)
    assert (gone.after.state, second.after.state, second.after.reviewed_by) == (
        ItemState.SUPERSEDED, ItemState.ACCEPTED, "mem_two",
    )  # fmt: skip
    with pytest.raises(Refused):
        accept(second.after, "mem_three")


def test_what_is_accepted_counts_no_longer_than_the_rule_allows() -> None:
    licence = MATRIX.by_key("business_licence") or pytest.fail("no licence")
    waiting = item(licence, ItemState.SUBMITTED, upload_id=UPLOAD)
    (accepted,) = proofs.accept_requirement(licence, waiting, (), by="mem_desk", at=AT, calendar=UTC_DAYS)
    assert accepted.after.valid_until == instant("2027-11-22T23:59:59.999999Z")
    sooner = replace(waiting, valid_until=AT + DAY)
    (accepted,) = proofs.accept_requirement(licence, sooner, (), by="mem_desk", at=AT, calendar=UTC_DAYS)
    assert accepted.after.valid_until == AT + DAY
    with pytest.raises(Refused) as late:
        proofs.accept_requirement(licence, sooner, (), by="mem_desk", at=AT + 2 * DAY, calendar=UTC_DAYS)
    assert [finding.reason for finding in late.value.unmet] == ["requirement_unexpired"]


def test_a_waiver_ends() -> None:
    wish = {
        "reason": "New.", "rule_version_id": RuleVersionId("rul"), "id": RequirementItemId.mint(3, 3),
        "by": "mem_desk", "at": AT,
    }  # fmt: skip
    with pytest.raises(Invalid):
        proofs.waive_requirement(BOND, PROVIDER.id, (), until=AT, **wish)  # type: ignore[arg-type]
    gone, waiver = proofs.waive_requirement(BOND, PROVIDER.id, [item(BOND)], until=AT + DAY, **wish)  # type: ignore[arg-type]
    assert (gone.after.state, waiver.after.state, waiver.after.reviewed_by) == (
        ItemState.SUPERSEDED, ItemState.WAIVED, "mem_desk",
    )  # fmt: skip


def test_nothing_ends_further_ahead_than_calendars_reach() -> None:
    for until in (AT + 36_526 * DAY, datetime.max.replace(tzinfo=AT.tzinfo)):
        with pytest.raises(Invalid) as caught:
            proofs.checked(MATRIX, BOND, bond(until=until), AT)
        assert [problem.field for problem in caught.value.problems] == [("validUntil",)]
        with pytest.raises(Invalid):
            proofs.require_end(until, AT)
    proofs.require_end(AT + MICROSECOND, AT)
    with pytest.raises(Invalid):
        proofs.require_end(AT, AT)


def test_a_number_about_a_person_is_given_apart() -> None:
    person = MATRIX.by_key("legal_representative") or pytest.fail("nobody")
    assert person.personal
    with pytest.raises(Invalid):
        proofs.plain(person, Proof(value="X1"), None)
    with pytest.raises(Invalid):
        proofs.plain(BOND, Proof(), "X1")
    assert proofs.plain(person, Proof(), "X1").value == "X1"


# -- numbers -----------------------------------------------------------------------------------------------------------

GOOD = {
    IdentifierScheme.LEI: "213800KUD8LAJWSQ9D15",
    IdentifierScheme.IBAN: "DE89370400440532013000",
    IdentifierScheme.BIC: "AGRIFRPP882",
    IdentifierScheme.IMO_NUMBER: "9319466",
    IdentifierScheme.US_EIN: "911144442",
    IdentifierScheme.US_FMC: "018877NF",
    IdentifierScheme.US_DOT: "USDOT1234567",
    IdentifierScheme.CN_USCC: "91110000600037341L",
    IdentifierScheme.BR_CNPJ: "16727230000197",
    IdentifierScheme.EU_VAT: "DE136695976",
    IdentifierScheme.GB_VAT: "980780684",
    IdentifierScheme.GB_COMPANY_NUMBER: "SC123456",
    IdentifierScheme.DE_REGISTER: "Aachen HRA 11223",
    IdentifierScheme.FR_SIREN: "552008443",
    IdentifierScheme.FR_SIRET: "73282932000074",
    IdentifierScheme.CA_BN: "123026635",
    IdentifierScheme.MX_RFC: "GODE561231GR8",
    IdentifierScheme.BANK_ACCOUNT: "01234567",
    IdentifierScheme.REGISTER_NUMBER: "HRB-12/3",
}
CHECKED_DIGITS = ("LEI", "IBAN", "CN_USCC", "BR_CNPJ", "FR_SIREN", "FR_SIRET", "CA_BN")
"""Schemes whose check finds any one wrong digit; those of ships and of British tax numbers miss some."""


@pytest.mark.parametrize("scheme", IdentifierScheme)
def test_a_good_number_has_one_spelling(scheme: IdentifierScheme) -> None:
    number = GOOD[scheme]
    assert identifiers.compact(scheme, number) == number
    assert identifiers.compact(scheme, f" {number} ") == number


@pytest.mark.parametrize("scheme", IdentifierScheme)
def test_who_spells_it_wrongly_is_told_how_one_is_spelled(scheme: IdentifierScheme) -> None:
    example = identifiers.EXAMPLES[scheme]
    assert identifiers.compact(scheme, example)
    with pytest.raises(ValueError, match=f"such as {re.escape(example)}$"):
        identifiers.compact(scheme, "?")


@pytest.mark.parametrize("scheme", CHECKED_DIGITS)
@given(data=st.data())
def test_a_slip_of_one_digit_is_found(scheme: str, data: st.DataObject) -> None:
    number = GOOD[IdentifierScheme(scheme)]
    places = [place for place, digit in enumerate(number) if digit.isdecimal()]
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([each for each in "0123456789" if each != number[place]]))
    with pytest.raises(ValueError, match=r"."):
        identifiers.compact(IdentifierScheme(scheme), number[:place] + digit + number[place + 1 :])


@given(st.sampled_from(IdentifierScheme), st.text(max_size=70))
def test_any_text_is_a_number_or_refused_in_words(scheme: IdentifierScheme, text: str) -> None:
    try:
        found = identifiers.compact(scheme, text)
    except ValueError:
        return
    assert identifiers.compact(scheme, found) == found


def test_rules_of_another_kind_are_no_requirements() -> None:
    with pytest.raises(TypeError):
        onboarding.procedure_terms(_other())
    with pytest.raises(TypeError):
        onboarding.requirement_set(_other())


def _other() -> Any:
    class Version:
        kind = "TIERS"
        key = "tiers"

    return Version()
