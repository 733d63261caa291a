"""Neither tenant nor party leaks: the scoping in code alone, with row-level security off, and the other way round.

The engine is asked everything its contract offers, as every kind of caller. "Off" is a role that row-level security
does not bind: the owner's. "The other way round" is a pool that shows another tenant than the one the code asks for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    is_list_type,
    is_non_null_type,
)

from api.reads.engine import Answer, Engine
from api.schema.schema import Contract
from api.settings import Settings
from api.verbs import books
from domain.access import Caller
from domain.ids import KINDS, ApiKeyId, is_id
from storage import pool as connections
from storage import trail
from storage.pool import Connection, Pool
from storage.unit_of_work import mint
from storage.views.view import Listing, Point
from tests.charging import charging_attempts
from tests.claiming import attempts as bargaining_attempts
from tests.collecting import attempts as collection_attempts
from tests.deskwork import attempts as desk_attempts
from tests.disciplined import attempts as discipline_attempts
from tests.disputing import attempts as dispute_attempts
from tests.enrolling import attempts as enrolment_attempts
from tests.giving import attempts as gift_attempts
from tests.isolation import Side, side
from tests.marketplaces import Asking
from tests.recovering import attempts as recovery_attempts

SAMPLE = 3
"""Every how manieth thing of a kind is asked for with everything around it."""
RARE = 8
"""Of a kind with so few things the first test asks for all."""
AT_ONCE = 100
"""How many ids `nodes` takes."""
STATEMENTS = 2_000
"""More than everything that is asked here needs."""
LATE = "2030-01-01T00:00:00Z"
KINDS_SHOWN = (
    "ord shp leg wev cov clm cpn red rec buy sup prv gua mem inv key dec clk upl dep dmv svc lan rsh rim flg svp rmd "
    "bdl rfd gdw evi evf evq evm ret rtl isp ccl cpy cbk cbe"
).split()


class Misled(Pool):
    """A pool that shows one tenant's rows whatever tenant it is asked for."""

    shows: str = ""

    async def _take(self, tenant: str | None) -> Connection:  # noqa: ARG002 - that is the point
        return await super()._take(self.shows)


@dataclass(slots=True)
class World:
    """Two marketplaces, and clients of the same engine over four ways to the database."""

    here: Side
    there: Side
    app: Asking
    unbound: Asking
    """Without row-level security."""
    misled: Asking
    """Shows `here`, whoever asks."""


@pytest.fixture(scope="module")
async def world(
    settings: Settings, promised: Contract, owner: asyncpg.Pool[Any], emptying: str
) -> AsyncIterator[World]:
    worker = await Pool.open(settings.database_worker_url, size=4)
    here, there = await side(worker, owner, "Here"), await side(worker, owner, "There")
    with pytest.MonkeyPatch.context() as patch:  # a few hundred long statements go round: each is planned once
        patch.setattr(connections, "STATEMENTS_MAX", STATEMENTS)
        patch.setitem(connections.SETTINGS, "plan_cache_mode", "force_generic_plan")
        app = await Pool.open(settings.database_url, size=1)
        unbound = await Pool.open(settings.database_owner_url, size=1)
        misled = await Misled.open(settings.database_url, size=1)
        misled.shows = here.market.id
        reader = Engine(promised, app)
        yield World(here, there, *(Asking(Engine(promised, pool), reader) for pool in (app, unbound, misled)))
        for pool in (worker, app, unbound, misled):
            await pool.close()
    await owner.execute(emptying)


# -- everything that can be asked --------------------------------------------------------------------------------------


def leaves(contract: Contract, type_: GraphQLObjectType, depth: int) -> str:
    """A selection of the type: every field that needs no argument, things below it as deep as said."""
    parts = ["__typename"]
    for name, field in type_.fields.items():
        named = get_named_type(field.type)
        if any(is_non_null_type(argument.type) for argument in field.args.values()):
            continue
        if isinstance(named, GraphQLScalarType | GraphQLEnumType):
            parts.append(name)
        elif name != "pageInfo" and isinstance(named, GraphQLObjectType):
            if "nodes" in named.fields:
                if depth:
                    node = get_named_type(named.fields["nodes"].type)
                    assert isinstance(node, GraphQLObjectType)
                    inner = leaves(contract, node, 0)
                    parts.append(f"{name}(first: 20) {{ totalCount edges {{ cursor node {{ {inner} }} }} }}")
            elif named.name in contract.views:
                parts.append(f"{name} {{ {leaves(contract, named, depth - 1) if depth else '__typename id'} }}")
            elif depth or not is_list_type(field.type):
                parts.append(f"{name} {{ {leaves(contract, named, 0)} }}" if depth else f"{name} {{ __typename }}")
        elif depth and hasattr(named, "types"):
            parts.append(f"{name} {{ __typename ... on Node {{ id }} }}")
    return " ".join(parts)


def questions(contract: Contract) -> Iterator[tuple[str, bool]]:
    """(document, whether it asks for one id): every listing and every point of the contract, a level deep."""
    query = contract.graphql.query_type
    assert query is not None
    for name, root in sorted(contract.roots.items()):
        if isinstance(root, Point):
            type_ = contract.graphql.type_map[root.type]
            assert isinstance(type_, GraphQLObjectType)
            yield f"query ($id: ID!) {{ {name}(id: $id) {{ {leaves(contract, type_, 1)} }} }}", True
        elif isinstance(root, Listing):
            type_ = contract.graphql.type_map[root.type]
            assert isinstance(type_, GraphQLObjectType)
            inner = leaves(contract, type_, 0)
            yield f"{{ {name}(first: 100) {{ totalCount edges {{ cursor node {{ {inner} }} }} }} }}", False
    yield "{ viewer { actorId kind party { ... on Node { id } } organisation { id name } tenant { id name } } }", False
    yield "query ($id: ID!) { node(id: $id) { __typename id } }", True
    yield NODES, False


NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"


def prefix_of(contract: Contract, text: str) -> str | None:
    """Which ids the question is about: the prefix of its root's type, None for any."""
    root = contract.roots.get(text.split("{", 1)[1].split("(", 1)[0].strip())
    return contract.views[root.type].prefix if isinstance(root, Point) else None


async def everything(ask: Asking, caller: Caller, ids: frozenset[str]) -> list[tuple[str, Answer]]:
    """Every question of the contract: those for one thing once for a few ids of each kind, `nodes` for all of them."""
    contract = ask.engine.contract
    known = {view.prefix for view in contract.views.values()}
    kinds = {kind: [id_ for id_ in sorted(ids) if id_[:3] == kind] for kind in known}
    every = [id_ for of_kind in kinds.values() for id_ in of_kind]
    answers: list[tuple[str, Answer]] = []
    for text, by_id in questions(contract):
        prefix = prefix_of(contract, text)
        asked: list[dict[str, Any]] = [{}]
        if text == NODES:
            asked = [{"ids": every[first : first + AT_ONCE]} for first in range(0, len(every), AT_ONCE)]
        elif by_id and prefix:
            asked = [{"id": id_} for id_ in kinds[prefix][::SAMPLE]]
        elif by_id:
            asked = [{"id": of_kind[0]} for of_kind in kinds.values() if of_kind]
        answers += [(text, await ask.answer(caller, text, **variables)) for variables in asked]
    return answers


def leaked(answers: list[tuple[str, Answer]], forbidden: frozenset[str]) -> list[tuple[str, str]]:
    """(question, id) for every forbidden id in an answer's data."""
    found: list[tuple[str, str]] = []
    for text, answer in answers:
        shown = set(ids_in(answer.data))
        found += [(text, id_) for id_ in sorted(shown & forbidden)]
    return found


def ids_in(value: Any) -> Iterator[str]:
    """Every id anywhere in the data, alone or inside a text."""
    if isinstance(value, dict):
        for each in value.values():
            yield from ids_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from ids_in(each)
    elif isinstance(value, str):
        yield from (word for word in value.replace('"', " ").split() if word[:3] in KINDS and is_id(word))


# -- reading -----------------------------------------------------------------------------------------------------------


ONE_NET = (
    pytest.param(True, id="row-level security on", marks=pytest.mark.long),
    pytest.param(False, id="row-level security off"),
)
"""What nobody sees or changes without the second net, nobody does with it: the usual run asks the harder half."""


async def test_the_questions_ask_for_something(world: World) -> None:
    staff, ids = world.here.staff, sorted(world.here.ids)
    answers = await everything(world.app, staff, frozenset(ids[::9]))
    for text, _ in questions(world.app.engine.contract):
        of_kind = [id_ for id_ in ids if id_[:3] == prefix_of(world.app.engine.contract, text)]
        if len(of_kind) <= RARE:  # a sample can miss the only one with something inside
            answers += [(text, await world.app.answer(staff, text, id=id_)) for id_ in of_kind]
    assert not [(text, codes(answer)) for text, answer in answers if answer.errors]
    seen = {id_ for _, answer in answers for id_ in ids_in(answer.data)}
    for kind in KINDS_SHOWN:
        assert any(id_.startswith(kind) for id_ in seen), kind
    counted = [text for text, answer in answers if answer.data and text.startswith("{") and "viewer" not in text]
    assert len(counted) > 10


@pytest.mark.parametrize("bound", ONE_NET)
async def test_nobody_sees_anything_of_another_tenant(world: World, bound: bool) -> None:
    ask = world.app if bound else world.unbound
    for caller in world.here.callers:
        assert leaked(await everything(ask, caller, world.there.ids), world.there.ids) == [], caller


@pytest.mark.parametrize("bound", ONE_NET)
async def test_no_party_sees_anything_of_another_set_of_parties(world: World, bound: bool) -> None:
    ask = world.app if bound else world.unbound
    for mine, other in (world.here.trades, world.here.trades[::-1]):
        for caller in mine.callers:
            answers = await everything(ask, caller, other.ids)
            assert leaked(answers, other.private) == [], caller
            own = {id_ for _, answer in answers for id_ in ids_in(answer.data)} & mine.private
            assert own, "listings show what is the party's own"


@pytest.mark.long
async def test_row_level_security_changes_no_answer(world: World) -> None:
    for caller in world.here.callers:
        ids = world.here.trades[0].ids
        bound, unbound = await everything(world.app, caller, ids), await everything(world.unbound, caller, ids)
        for (text, one), (_, other) in zip(bound, unbound, strict=True):
            if "viewer" not in text:  # which tells the time
                assert (one.data, codes(one)) == (other.data, codes(other)), text


async def test_statements_scoped_to_a_tenant_that_the_connection_does_not_show_find_nothing(world: World) -> None:
    for caller in world.there.callers:
        answers = await everything(world.misled, caller, frozenset(sorted(world.there.ids)[::5]))
        shown = {id_ for text, answer in answers if "viewer" not in text for id_ in ids_in(answer.data)}
        assert shown == set(), caller


def codes(answer: Answer) -> list[tuple[str, Any]]:
    """What is wrong and where, without the request's id."""
    return [(error["extensions"]["code"], error.get("path")) for error in answer.errors]


# -- changing ----------------------------------------------------------------------------------------------------------


WORKSHOP = {
    "name": "Mine", "country": "CN", "locality": "Shanghai", "street": "1 Century Avenue", "services": ["REPAIR"],
    "coordinates": {"latitude": "31.2", "longitude": "121.5"}, "engineers": 1, "zone": "Asia/Shanghai",
}  # fmt: skip


def attempts(ids: frozenset[str]) -> dict[str, dict[str, Any]]:
    """For every mutation that takes an id: an input that is well formed, about things among `ids`."""
    one = {kind: min((id_ for id_ in ids if id_[:3] == kind), default=f"{kind}_{'0' * 26}") for kind in KINDS}
    money = {"amount": "1.00", "currency": "USD"}
    address = {"recipient": "Eve", "street": "Elsewhere 1", "city": "Utrecht", "country": "US"}
    line = {"description": "Pump", "quantity": 1, "value": "1.00", "serviced": False}
    event = {"shipmentId": one["shp"], "reference": "E", "status": "DELIVERED", "occurredAt": "2026-02-10T00:00:00Z"}
    leg = {"mode": "AIR", "carrierName": "Eve", "fromKey": "CN", "toKey": "US"}
    keyed = {"idempotencyKey": mint(ApiKeyId)}
    evidence = {"evidence": "DECLARED_IDENTITY", "statement": "We are Eve."}
    service = {"requestId": one["srq"], **keyed}
    days = {"transitDaysMin": 1, "transitDaysMax": 2}
    sheet = {"title": "Mine", "currency": "USD", "validFrom": "2026-02-10T00:00:00Z"}
    claim = {"claimId": one["clm"], "note": "Mine now.", **keyed}
    return {
        "inviteMember": {"organisationId": one["org"], "email": "eve@example.com", "roles": ["BUYER"]},
        "revokeInvitation": {"invitationId": one["inv"]},
        "grantRole": {"memberId": one["mem"], "role": "BUYER"},
        "revokeRole": {"memberId": one["mem"], "role": "BUYER"},
        "removeMember": {"memberId": one["mem"]},
        "issueApiKey": {"organisationId": one["org"], "label": "Eve", "roles": ["BUYER"], "scopes": ["READ"]},
        "rotateApiKey": {"keyId": one["key"]},
        "revokeApiKey": {"keyId": one["key"]},
        "registerBuyer": {"name": "Eve", "country": "US", "organisationId": one["org"]},
        "grantTier": {"buyerId": one["buy"], "level": "L1", "reason": "Why not."},
        "revokeTier": {"buyerId": one["buy"], "reason": "Why not."},
        "reinstateTier": {"buyerId": one["buy"], "reason": "Why not."},
        "acceptTierUpgrade": {"buyerId": one["buy"]},
        "setTierUpgrades": {"buyerId": one["buy"], "automatic": False},
        "submitTierEvidence": {"buyerId": one["buy"], "identity": "WHOLESALER", "items": [evidence]},
        "takeTierReview": {"reviewId": one["trv"]},
        "requestTierEvidence": {"reviewId": one["trv"], "reason": "Why not."},
        "grantTierReview": {"reviewId": one["trv"], "accepted": [one["tev"]]},
        "declineTierReview": {"reviewId": one["trv"], "reason": "Why not."},
        "amendApplication": {"providerId": one["prv"], "offer": {"kind": "OTHER"}},
        "submitRequirement": {"providerId": one["prv"], "requirement": "tax_number", "value": "12"},
        "submitApplication": {"providerId": one["prv"]},
        "reopenApplication": {"providerId": one["prv"]},
        "assignReview": {"reviewId": one["rvw"]},
        "acceptRequirement": {"itemId": one["rqi"]},
        "rejectRequirement": {"itemId": one["rqi"], "reason": "Mine."},
        "waiveRequirement": {"providerId": one["prv"], "requirement": "tax_number", "until": LATE, "reason": "Mine."},
        "admitToReview": {"providerId": one["prv"], "reason": "Mine."},
        "requestChanges": {"providerId": one["prv"], "reason": "Mine."},
        "approveApplication": {"providerId": one["prv"]},
        "overrideApproval": {"providerId": one["prv"], "until": LATE, "reason": "Mine."},
        "rejectApplication": {"providerId": one["prv"], "reason": "Mine."},
        "activateProvider": {"providerId": one["prv"]},
        "grantTierSight": {"supplierId": one["sup"], "granted": True},
        "offerGuarantee": {"ruleKey": "guarantees/on_time", "partyId": one["sup"]},
        "withdrawGuarantee": {"guaranteeId": one["gua"]},
        "withdrawRule": {"ruleVersionId": one["rul"]},
        "restrictProvider": {"providerId": one["prv"], "reason": "Why not."},
        "liftRestriction": {"restrictionId": one["rst"], "reason": "Why not."},
        "suspendProvider": {"providerId": one["prv"], "reason": "Why not."},
        "reinstateProvider": {"providerId": one["prv"], "reason": "Why not."},
        "terminateProvider": {"providerId": one["prv"], "cause": "OTHER", "reason": "Why not."},
        "removeFromProgramme": {"providerId": one["prv"], "ruleKey": "guarantees/on_time", "reason": "Why not."},
        "requestExit": {"providerId": one["prv"], "reason": "Why not."},
        "withdrawExit": {"providerId": one["prv"]},
        "liftBar": {"barId": one["bar"], "reason": "Why not."},
        "recordOrder": {
            "reference": mint(ApiKeyId), "buyerId": one["buy"], "supplierId": one["sup"], "country": "US",
            "currency": "USD", "lines": [line], "guaranteeIds": [one["gua"]],
        },
        "recordPayment": {"orderId": one["ord"], "paidAt": "2026-02-10T00:00:00Z"},
        "changeAddress": {"orderId": one["ord"], "address": address},
        "cancelOrder": {"orderId": one["ord"], **keyed},
        "completeOrder": {"orderId": one["ord"]},
        "recordRefund": {"orderId": one["ord"], "amount": money, **keyed},
        "recordShipment": {
            "orderId": one["ord"], "providerId": one["prv"], "reference": "T", "mode": "AIR", "lineIds": [one["lin"]],
        },
        "updateEta": {"shipmentId": one["shp"], "etaAt": "2026-03-01T00:00:00Z"},
        "recordTrackingEvents": {"events": [event]},
        "recordTrackingNumber": {"shipmentId": one["shp"], "trackingNumber": "CSQU3054383"},
        "appointPickup": {"shipmentId": one["shp"], "fromAt": LATE, "untilAt": "2031-01-01T00:00:00Z"},
        "proveDelivery": {"shipmentId": one["shp"], "signedBy": "Eve"},
        "planLegs": {"shipmentId": one["shp"], "legs": [leg]},
        "recordLeg": {"legId": one["leg"], "documentNumber": "MINE"},
        "openClaim": {"coverageId": one["cov"], "reason": "LATE_DELIVERY", **keyed},
        "acceptClaim": claim,
        "contestClaim": claim,
        "escalateClaim": claim,
        "decideClaim": {**claim, "outcome": "GRANTED"},
        "withdrawClaim": claim,
        **bargaining_attempts(one, money, keyed),
        **desk_attempts(one, keyed),
        **gift_attempts(one, money, keyed),
        **charging_attempts(one, money, keyed),
        **collection_attempts(one, money, keyed),
        **discipline_attempts(one, keyed),
        **dispute_attempts(one, keyed, LATE),
        **enrolment_attempts(one, money, keyed),
        **recovery_attempts(one, money, keyed),
        "redeemCoupon": {"couponId": one["cpn"], "orderId": one["ord"], "amount": money, **keyed},
        "requestQuote": {
            "buyerId": one["buy"], "currency": "USD", "readyAt": LATE, "origin": {"country": "CN"},
            "destination": {"country": "US"},
            "pieces": [{"weightGrams": 1, "lengthMm": 1, "widthMm": 1, "heightMm": 1}],
        },
        "acceptQuote": {"quoteId": one["quo"], **keyed},
        "withdrawQuote": {"quoteId": one["quo"], "reason": "Mine."},
        "reviseQuote": {"quoteId": one["quo"], "adjustment": money, "reason": "Mine."},
        "bookQuote": {"quoteId": one["quo"], "orderId": one["ord"], "lineIds": [one["lin"]], **keyed},
        "cancelBooking": {"bookingId": one["bkg"], "reason": "OTHER", **keyed},
        "reverseClockHold": {"holdId": one["hld"], "reason": "Why not.", **keyed},
        "requestService": {
            "coverageId": one["cov"], "lineIds": [one["lin"]], "kind": "DISPATCHED", "problem": "Broken.",
            **keyed,
        },
        "respondToService": service,
        "declineService": service,
        "planServiceVisit": {
            **service, "plannedFrom": LATE, "plannedUntil": "2031-01-01T00:00:00Z", "engineer": "Eve",
        },
        "startServiceVisit": {**service, "visitId": one["svv"]},
        "endServiceVisit": {**service, "visitId": one["svv"], "partsUsed": []},
        "startRemoteService": service,
        "requestServiceParts": {**service, "parts": ["Fuse"], "userCaused": False},
        "sendServiceParts": {**service, "trackingNumber": "CSQU3054383"},
        "receiveServiceParts": service,
        "completeService": service,
        "confirmService": service,
        "reopenService": service,
        "cancelService": service,
        "createUpload": {
            "kind": "OTHER", "fileName": "a.pdf", "size": 1, "contentType": "PDF", "sha256": "0" * 64,
            "organisationId": one["org"],
        },
        "confirmUpload": {"uploadId": one["upl"]},
        "declareRelatedAccount": {"relatedProviderId": one["prv"], "providerId": one["prv"]},
        "clearRelation": {"relationId": one["rel"], "reason": "Mine."},
        "relateAccounts": {"firstId": one["prv"], "secondId": one["sup"], "reason": "Mine."},
        "identifySupplier": {"supplierId": one["sup"], "owner": "Me"},
        "createService": {"providerId": one["prv"], "mode": "AIR", "title": "Mine"},
        "updateService": {"serviceId": one["svc"], "title": "Mine"},
        "listService": {"serviceId": one["svc"]},
        "pauseService": {"serviceId": one["svc"]},
        "removeService": {"serviceId": one["svc"]},
        "addLanes": {"serviceId": one["svc"], "lanes": [{"origin": "FR", "timing": days, "zone": "A"}]},
        "updateLane": {"laneId": one["lan"], "zone": "B"},
        "removeLane": {"laneId": one["lan"]},
        "draftRateSheet": {"serviceId": one["svc"], "sheet": sheet, "rates": [{"zone": "A", "price": "1"}]},
        "activateRateSheet": {"rateSheetId": one["rsh"]},
        "discardRateSheet": {"rateSheetId": one["rsh"]},
        "importRateSheet": {"serviceId": one["svc"], "sheet": sheet, "uploadId": one["upl"]},
        "cancelRateImport": {"rateImportId": one["rim"]},
        "checkListing": {"serviceId": one["svc"]},
        "correctListing": {"flagId": one["flg"]},
        "dismissListingFlag": {"flagId": one["flg"], "reason": "Mine."},
        "addServicePoint": {"providerId": one["prv"], "details": WORKSHOP},
        "verifyServicePoint": {"servicePointId": one["svp"]},
        "reportServicePointChange": {"servicePointId": one["svp"], "kind": "WITHDRAWAL"},
        "changeServicePointContact": {"servicePointId": one["svp"], "contact": {"name": "Eve", "email": "e@e.com"}},
        "recordReachability": {"servicePointId": one["svp"]},
        "recordUnreportedWithdrawal": {
            "servicePointId": one["svp"], "goneSince": "2026-02-01T00:00:00Z", "note": "Mine.", **keyed,
        },
        "recordDeposit": {"providerId": one["prv"], "amount": money, "reference": "W", **keyed},
        "drawDeposit": {"providerId": one["prv"], "amount": money, "reason": "Mine.", **keyed},
        "returnDeposit": {"providerId": one["prv"], "amount": money, "reference": "W", **keyed},
    }  # fmt: skip


def test_every_mutation_that_takes_an_id_is_attempted(promised: Contract) -> None:
    mutation = promised.graphql.mutation_type
    assert mutation is not None
    taking = {
        name
        for name, field in mutation.fields.items()
        if any("ID" in str(each.type) for each in get_named_type(field.args["input"].type).fields.values())
    }
    alike = {"registerSupplier", "registerProvider"}  # to registerBuyer, in everything but the table
    in_lists = {"recordTrackingEvents", "recordProhibitedGoods"}  # each row of the list names its id
    assert taking - alike | in_lists == attempts(frozenset()).keys()


async def state(owner: asyncpg.Pool[Any], tenant: str) -> tuple[int, int]:
    """How many audit rows a tenant has, and outbox rows: every change of anything leaves one of each."""
    counted = "SELECT count(*) FROM {} WHERE tenant_id = $1"
    return await owner.fetchval(counted.format("audit"), tenant), await owner.fetchval(counted.format("outbox"), tenant)


async def refusals(ask: Asking, caller: Caller, mutation: str, members: dict[str, Any]) -> set[str]:
    """The codes of what stands in the way. `decideClaims` answers claim by claim: of each that there is none such."""
    selection = "results { claim { id } effect amount { amount } because { reason } message }"
    payload = await ask.mutate(caller, mutation, selection if mutation == "decideClaims" else "__typename", **members)
    codes = {error["code"] for error in payload["userErrors"]}
    for result in payload.get("results") or ():
        unknown: dict[str, Any] = {
            "claim": None,
            "effect": "REFUSED",
            "amount": None,
            "because": [],
            "message": "There is no such claim.",
        }
        assert result == unknown, (mutation, caller)
        codes.add("NOT_FOUND")
    return codes


@pytest.mark.parametrize("bound", ONE_NET)
async def test_nobody_changes_anything_of_another_tenant(world: World, owner: asyncpg.Pool[Any], bound: bool) -> None:
    ask = world.app if bound else world.unbound
    before = await state(owner, world.here.market.id), await state(owner, world.there.market.id)
    for caller in world.here.callers:
        for mutation, members in attempts(world.there.ids).items():
            codes = await refusals(ask, caller, mutation, members)
            assert codes, (mutation, caller)
            assert codes <= {"NOT_FOUND", "FORBIDDEN", "INVALID", "REFUSED"}, (mutation, caller, codes)
    assert (await state(owner, world.here.market.id), await state(owner, world.there.market.id)) == before


@pytest.mark.parametrize("bound", ONE_NET)
async def test_no_party_changes_anything_of_another_set_of_parties(
    world: World, owner: asyncpg.Pool[Any], bound: bool
) -> None:
    ask = world.app if bound else world.unbound
    before = await state(owner, world.here.market.id)
    mine, other = world.here.trades
    for caller in (*mine.callers, world.here.guest):
        for mutation, members in attempts(other.ids).items():
            assert await refusals(ask, caller, mutation, members), (mutation, caller)
    assert await state(owner, world.here.market.id) == before


# -- the doctor --------------------------------------------------------------------------------------------------------


ALTERED = {
    "charges of quotes": "UPDATE quotes SET charges = replace(charges, '\"minor\":', '\"minor\":1')",
    "rate of exchange_rates": "UPDATE exchange_rates SET rate = rate + 0.000000000001",
    "cap_sdr of carrier_claims": "UPDATE carrier_claims SET cap_sdr = NULL",
}
"""What audit spells otherwise than a row does: content by its digest, numbers without zeros at their end."""


async def test_the_doctor_finds_what_was_altered_and_nothing_else(
    world: World, worker_pool: Pool, owners_pool: Pool
) -> None:
    found = [*(await books.laws(worker_pool)).values(), *(await books.record(worker_pool)).values()]
    assert [broken for laws in found for law in laws for broken in law.broken] == []
    async with owners_pool.acquire(None) as connection:
        await connection.execute("BEGIN")
        for what, change in ALTERED.items():
            await connection.execute(f"ALTER TABLE {what.split()[-1]} DISABLE TRIGGER USER")
            assert (await connection.execute(change)).split()[-1] != "0", what
        told = (await trail.law(connection, world.here.market.id)).broken
        await connection.execute("ROLLBACK")
    assert {each.partition(": ")[2] for each in told} == {f"{what} was altered" for what in ALTERED}
