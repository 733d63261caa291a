"""Companies that apply to become providers, for tests: what they hand in, and the desk that looks at it."""

from __future__ import annotations

import dataclasses
from typing import Any

import asyncpg

from api.operations import onboarding, proofs, uploads
from domain.access import Caller, Person, Role, Scope, ViewerKind
from domain.dates import instant
from domain.file_types import FileType
from domain.ids import ApiKeyId, ProviderId, UploadId
from domain.keys import parse
from domain.members import guest_id
from domain.modes import ServiceMode
from domain.onboarding import ApplicationStep, ApplyAsProvider, SubmitRequirement
from domain.parties import Registration
from domain.proofs import Proof
from domain.providers import Offer, ProviderKind
from domain.uploads import ConfirmUpload, CreateUpload, ReceiveUpload, UploadKind
from storage.callers import party_id
from storage.minting import mint
from tests.marketplaces import Asking, Marketplace, Member

OFFER = {
    "kind": "EXPRESS_COURIER", "servedMarkets": ["BR", "US"], "services": ["EXPRESS"], "monthlyVolume": 100,
}  # fmt: skip
NVOCC = {"kind": "NVOCC", "servedMarkets": ["US"], "services": ["SEA_FCL"], "monthlyVolume": 100}
ONBOARDING = """onboarding { progress { asked met submitted open basisPoints }
  requirements { key status actor until because { reason } item { id } gates { services markets actions } }
  missing { requirement opensAt because { rule reason } } unaccepted { requirement } }"""
PROVIDER = f"provider {{ id state version availableActions {ONBOARDING} }}"


def codes(payload: Any) -> list[str]:
    return [error["code"] for error in payload["userErrors"]]


def reasons(payload: Any) -> list[str]:
    return [reason["reason"] for error in payload["userErrors"] for reason in error["reasons"]]


def guest(market: Marketplace, name: str) -> Caller:
    person = Person("https://issuer.example", name)
    scopes = frozenset({Scope.READ, Scope.WRITE})
    return Caller(market.id, guest_id(person), None, None, frozenset({Role.GUEST}), ViewerKind.PUBLIC, scopes, person)


@dataclasses.dataclass
class Applicant:
    """A provider that applies, and the desk that looks at it."""

    market: Marketplace
    ask: Asking
    owner: asyncpg.Pool[Any]
    caller: Caller
    id: str

    def staff(self, role: Role = Role.SUPPORT) -> Caller:
        return self.market.staff(role)

    async def seen(self, caller: Caller | None = None) -> Any:
        text = f"query ($id: ID!) {{ {PROVIDER.replace('provider', 'provider(id: $id)', 1)} }}"
        return (await self.ask(caller or self.caller, text, id=self.id))["provider"]

    async def upload(self, kind: UploadKind = UploadKind.LICENCE) -> str:
        """An accepted upload of the provider's organisation."""
        wish = CreateUpload(kind, "paper.pdf", 10, FileType.PDF, "0" * 64)
        made = await self.market.act(self.caller, uploads.create_upload, wish)
        upload_id = UploadId(str(made.things["upload"]))
        await self.market.act(self.caller, uploads.receive_upload, ReceiveUpload(upload_id, FileType.PDF))
        await self.market.act(self.caller, uploads.confirm_upload, ConfirmUpload(upload_id))
        return upload_id

    async def submit(self, requirement: str, **members: Any) -> Any:
        return await self.ask.mutate(
            self.caller, "submitRequirement", "item { id version status value }", requirement=requirement, **members
        )

    async def accept(self, item: str, by: Caller | None = None, **members: Any) -> Any:
        selection = f"item {{ id state status version validUntil }} {PROVIDER}"
        return await self.ask.mutate(by or self.staff(), "acceptRequirement", selection, itemId=item, **members)

    async def hand_in_everything(self, **numbers: str) -> dict[str, str]:
        """Something acceptable for every requirement that is missing; key -> item."""
        items: dict[str, str] = {}
        for each in (await self.seen())["onboarding"]["missing"]:
            key = each["requirement"]
            if key is None:
                continue
            members = dict(await proof(self, key))
            if key in numbers:
                members["personalValue" if "personalValue" in members else "value"] = numbers[key]
            payload = await self.submit(key, **members)
            assert codes(payload) == [], (key, payload)
            items[key] = payload["item"]["id"]
        return items

    async def do(self, mutation: str, by: Caller | None = None, selection: str = PROVIDER, **members: Any) -> Any:
        return await self.ask.mutate(by or self.staff(Role.ADMIN), mutation, selection, providerId=self.id, **members)


LATER = "2027-06-30T23:59:59.999999Z"


PAPERS = {"legal_representative": UploadKind.IDENTITY, "address_proof": UploadKind.ADDRESS_PROOF}
"""Requirement -> the kind of file that proves it; all others a licence."""


async def proof(applicant: Applicant, key: str) -> dict[str, Any]:
    scan = {"uploadId": await applicant.upload(PAPERS.get(key, UploadKind.LICENCE))}
    known: dict[str, dict[str, Any]] = {
        "legal_representative": {**scan, "personalValue": "X1 234 567", "validUntil": LATER},
        "bank_account": {"value": "0123 4567"},
        "company_number": {"value": "12.345"},
        "tax_number": {"value": "998/77"},
        "terms_accepted": {"declared": True},
        "sanctions_statement": {"declared": True},
        "us_ein": {"value": "91-1144442"},
        "cn_credit_code": {"value": "91110000600037341L"},
        "us_ocean_licence": {**scan, "value": "018877N"},
        "us_ocean_bond_nvocc": {
            **scan, "amount": {"amount": "75000.00", "currency": "USD"}, "validUntil": LATER,
        },
        "us_qualifying_individual": {**scan, "quantity": 3},
        "us_tariff_published": {"declared": True},
    }  # fmt: skip
    return known.get(key, scan)


async def applied(
    market: Marketplace,
    ask: Asking,
    owner: asyncpg.Pool[Any],
    offer: dict[str, Any],
    country: str = "BR",
    person: str = "ada",
    device: str | None = None,
) -> Applicant:
    """A person has applied for a company, and acts for it."""
    wish = {"name": "Correio Azul", "country": country, "offer": offer, "device": device}
    payload = await ask.mutate(guest(market, person), "applyAsProvider", "providerId", **wish)
    assert codes(payload) == []
    id_ = payload["providerId"]
    organisation = await market.organisation_of(party_id(id_))
    key = mint(ApiKeyId)
    caller = Caller(
        market.id, key, organisation, ProviderId(id_), frozenset({Role.PROVIDER}), ViewerKind.PROVIDER, frozenset(Scope)
    )
    return Applicant(market, ask, owner, caller, id_)


async def in_review(market: Marketplace, person: Caller, number: int) -> Member:
    """A company that has handed in everything, and is in review; a number of its own in everything it tells."""
    kind, services = ProviderKind.OTHER, frozenset({ServiceMode.EXPRESS})
    offer = Offer(kind, frozenset({"BR"}), services, monthly_volume=number)
    wish = ApplyAsProvider(Registration(f"Applicant {number}", "BR"), offer)
    id_ = ProviderId(str((await market.act(person, onboarding.apply_as_provider, wish)).things["provider"]))
    organisation_id = await market.organisation_of(id_)
    key = await market.key(organisation_id, Role.PROVIDER)
    caller = Caller(
        market.id,
        parse(key).id,
        organisation_id,
        id_,
        frozenset({Role.PROVIDER}),
        ViewerKind.PROVIDER,
        frozenset(Scope),
    )
    ids = []
    for paper in (UploadKind.REGISTRATION, UploadKind.IDENTITY):
        upload = CreateUpload(paper, "paper.pdf", 10, FileType.PDF, "0" * 64)
        upload_id = UploadId(str((await market.act(caller, uploads.create_upload, upload)).things["upload"]))
        await market.act(caller, uploads.receive_upload, ReceiveUpload(upload_id, FileType.PDF))
        await market.act(caller, uploads.confirm_upload, ConfirmUpload(upload_id))
        ids.append(upload_id)
    extract, told = Proof(upload_id=ids[0]), Proof(declared=True)
    passport = Proof(upload_id=ids[1], valid_until=instant(LATER))
    proven: dict[str, tuple[Proof, str | None]] = {
        "business_licence": (extract, None),
        "legal_representative": (passport, f"X{number}{number}{number}"),
        "address_proof": (extract, None),
        "bank_account": (Proof(value=f"1000{number}"), None),
        "company_number": (Proof(value=f"2000{number}"), None),
        "tax_number": (Proof(value=f"3000{number}"), None),
        "terms_accepted": (told, None),
        "sanctions_statement": (told, None),
    }
    for requirement, (proof, personal) in proven.items():
        await market.act(caller, proofs.submit_requirement, SubmitRequirement(None, requirement, proof, personal))
    await market.act(caller, onboarding.submit_application, ApplicationStep(None))
    return Member(organisation_id, id_, key, caller)
