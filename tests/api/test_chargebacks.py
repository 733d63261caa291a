"""Chargebacks through their operations: held, defended, decided, settled; the books balance whatever happens."""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from api.operations import chargeback_notices, chargebacks, memberships, protections
from api.settings import Settings
from api.verbs import books
from domain import evidence_packs
from domain.access import Caller, Role
from domain.chargeback_notices import ChargebackNotice, MatchNotice, NewNotice, NoticeKind, NoticeProblem, NoticeState
from domain.chargebacks import (
    AnswerChargeback,
    Category,
    Chargeback,
    ChargebackResult,
    ChargebackState,
    SubmitEvidencePack,
)
from domain.clocks import ClockState, Duty
from domain.dates import MICROSECOND
from domain.errors import Conflict, Invalid, NotFound, Refused
from domain.ids import BuyerId, ChargebackId, ChargebackNoticeId, OrderId, SupplierId
from domain.ledger import AccountName
from domain.memberships import Plan, RecordCardReceipt, RecordMembership, Scheme
from domain.protections import ActivateProtection, CoverageOutcome, TurnProtection
from storage import chargebacks as chargeback_rows
from storage import clocks as clock_rows
from storage import ledger as ledger_rows
from storage import protections as protection_rows
from storage.idempotency import Key, fingerprint
from storage.unit_of_work import Outcome
from tests.builders import START, Market, line, usd
from tests.marketplaces import Asking

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass
class Case:
    """A merchant on a paid plan with an order of 800.00, paid by card as `P1`."""

    market: Market
    buyer_id: BuyerId
    supplier_id: SupplierId
    order_id: OrderId
    told: int = 0

    @property
    def merchant(self) -> Caller:
        return self.market.supplier(self.supplier_id)

    @property
    def staff(self) -> Caller:
        return self.market.staff

    def word(self, kind: NoticeKind = NoticeKind.OPENED, **more: Any) -> NewNotice:
        """What the network tells of `N1`, an hour after START unless `occurred_at` says otherwise."""
        self.told += 1
        given: dict[str, Any] = {
            "event_id": f"E{self.told}",
            "kind": kind,
            "network_reference": "N1",
            "scheme": Scheme.VISA,
            "category": Category.NOT_RECEIVED,
            "occurred_at": START,
            "payment_reference": "P1",
            "amount": usd(800_00),
        }
        return NewNotice(**{**given, **more})

    async def tell(self, word: NewNotice) -> ChargebackNotice:
        """What became of that word."""
        outcome = await self.market.act(self.staff, chargeback_notices.record_chargeback_notice, word)
        return await self.notice(outcome)

    async def notice(self, outcome: Outcome) -> ChargebackNotice:
        id = ChargebackNoticeId(str(outcome.things["notice"]))
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await chargeback_rows.get_notice(connection, self.market.tenant_id, id)

    async def open(self, **more: Any) -> Chargeback:
        """A chargeback that the merchant must answer."""
        notice = await self.tell(self.word(**more))
        assert notice.chargeback_id is not None, notice
        return await self.read(notice.chargeback_id)

    async def read(self, id: ChargebackId) -> Chargeback:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await chargeback_rows.get(connection, self.market.tenant_id, id)

    async def submit(self, case: Chargeback, statement: str = "It was delivered.") -> Chargeback:
        wish = SubmitEvidencePack(case.id, statement, ())
        await self.market.act(self.merchant, chargebacks.submit_evidence_pack, wish)
        return await self.read(case.id)

    async def step(self, case: Chargeback, operation: Any, caller: Caller | None = None) -> Chargeback:
        await self.market.act(caller or self.staff, operation, AnswerChargeback(case.id, "a word"))
        return await self.read(case.id)

    async def represent(self, case: Chargeback) -> Chargeback:
        return await self.step(await self.submit(case), chargebacks.represent_chargeback)

    async def protect(self) -> None:
        await self.market.act(self.merchant, protections.activate_protection, ActivateProtection(None))

    async def pay(self, reference: str = "P1", minor: int = 800_00, order_id: OrderId | None = None) -> Outcome:
        wish = RecordCardReceipt(order_id or self.order_id, reference, Scheme.VISA, usd(minor), None)
        return await self.market.act(self.staff, memberships.record_card_receipt, wish)

    async def balance(self, account: AccountName) -> int:
        """Of the merchant's account, or all of the platform's."""
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            found = await ledger_rows.balances(connection, self.market.tenant_id, None)
        return sum(each.balance.minor for each in found if each.account is account)


@pytest.fixture
async def case(sandbox: Market) -> Case:
    buyer_id, supplier_id = await sandbox.register_buyer(), await sandbox.register_supplier()
    plan = RecordMembership(supplier_id, Plan.STANDARD, "B1")
    await sandbox.act(sandbox.staff, memberships.record_membership, plan)
    order_id = await sandbox.order(buyer_id, supplier_id, [line(500_00), line(300_00)])
    return Case(sandbox, buyer_id, supplier_id, order_id)


def reasons(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [finding.reason for finding in refused.value.unmet]


async def sound(settings: Settings) -> bool:
    return await books.faults(settings.database_worker_url) == {"Harbour Market": []}


# -- opened and held ---------------------------------------------------------------------------------------------------


async def test_the_first_word_holds_the_money_and_starts_the_merchants_seven_days(
    case: Case, settings: Settings
) -> None:
    await case.pay()
    opened = await case.open()
    assert (opened.state, opened.amount, opened.drawn) == (ChargebackState.EVIDENCE_DUE, usd(800_00), usd(800_00))
    assert opened.due_at is not None
    assert (opened.due_at - START).days == 7
    assert (opened.network_due_at - START).days == 30
    assert await case.balance(AccountName.FUNDS_HELD) == -800_00
    assert await case.balance(AccountName.PARTY_PAYABLE) == 800_00
    assert await sound(settings)


async def test_a_chargeback_matches_by_the_order_where_no_card_payment_is_known(case: Case) -> None:
    async with case.market.pool.acquire(case.market.tenant_id) as connection:
        reference = await connection.fetchval("SELECT reference FROM orders WHERE id = $1", case.order_id)
    opened = await case.open(payment_reference=None, order_reference=reference)
    assert (opened.order_id, opened.receipt_id) == (case.order_id, None)


async def test_what_fits_nothing_is_kept_and_opens_once_the_payment_is_known(case: Case) -> None:
    notice = await case.tell(case.word())
    assert (notice.state, notice.problem) == (NoticeState.UNMATCHED, NoticeProblem.UNKNOWN_PAYMENT)
    outcome = await case.pay()
    id = outcome.things["chargebacks"][0]
    assert (await case.read(ChargebackId(id))).state is ChargebackState.EVIDENCE_DUE


async def test_staff_match_a_notice_and_what_waited_follows(case: Case) -> None:
    notice = await case.tell(case.word(payment_reference="unheard of"))
    lost = await case.tell(case.word(NoticeKind.LOST, occurred_at=START, payment_reference=None, amount=None))
    assert lost.state is NoticeState.WAITING
    wish = MatchNotice(notice.id, case.order_id)
    outcome = await case.market.act(case.staff, chargeback_notices.match_chargeback_notice, wish)
    settled = await case.read(ChargebackId(str(outcome.things["chargeback"])))
    assert (settled.state, settled.result) == (ChargebackState.SETTLED, ChargebackResult.LOST_BY_DEFAULT)
    with pytest.raises(Refused) as refused:
        await case.market.act(case.staff, chargeback_notices.match_chargeback_notice, wish)
    assert "notice_unmatched" in reasons(refused)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"amount": usd(800_01)}, NoticeProblem.ABOVE_PAYMENT),
        ({"amount": replace(usd(1), currency="EUR")}, NoticeProblem.OTHER_CURRENCY),
        ({"order_reference": "O-other"}, None),
    ],
)
async def test_what_does_not_fit_its_payment_opens_nothing(
    case: Case, more: dict[str, Any], problem: NoticeProblem | None
) -> None:
    await case.pay()
    notice = await case.tell(case.word(**more))
    assert notice.problem is problem
    assert (notice.chargeback_id is None) == (problem is not None)


async def test_two_references_of_two_orders_open_nothing(case: Case) -> None:
    await case.pay()
    other = await case.market.order(case.buyer_id, case.supplier_id, [line(900_00)])
    async with case.market.pool.acquire(case.market.tenant_id) as connection:
        reference = await connection.fetchval("SELECT reference FROM orders WHERE id = $1", other)
    assert (await case.tell(case.word(order_reference=reference))).problem is NoticeProblem.OTHER_ORDER


async def test_chargebacks_of_one_payment_sum_to_no_more_than_it(case: Case) -> None:
    await case.pay()
    await case.open(amount=usd(500_00))
    above = await case.tell(case.word(network_reference="N2", amount=usd(300_01)))
    assert above.problem is NoticeProblem.ABOVE_PAYMENT
    await case.open(network_reference="N3", amount=usd(300_00))


async def test_a_chargeback_is_late_after_180_days_and_too_late_after_540(case: Case) -> None:
    await case.pay()
    await case.market.move(START + 181 * DAY)
    assert (await case.open(amount=usd(1_00), occurred_at=START + 181 * DAY)).late
    await case.market.move(START + 542 * DAY)
    word = case.word(network_reference="N2", amount=usd(1_00), occurred_at=START + 542 * DAY)
    assert (await case.tell(word)).problem is NoticeProblem.TOO_LATE


async def test_the_same_word_counts_once_and_with_another_content_not_at_all(case: Case) -> None:
    await case.pay()
    word = case.word()
    first, again = await case.tell(word), await case.tell(word)
    assert (first.id, first.version) == (again.id, again.version)
    with pytest.raises(Conflict):
        await case.tell(replace(word, amount=usd(1_00)))
    assert await case.balance(AccountName.FUNDS_HELD) == -800_00


async def test_twenty_copies_of_the_first_word_at_once_open_one_chargeback(case: Case, settings: Settings) -> None:
    await case.pay()
    words = [case.word() for _ in range(10)]
    told = await asyncio.gather(*(case.tell(word) for word in [*words, *words]))
    assert len({notice.chargeback_id for notice in told}) == 1
    assert await case.balance(AccountName.FUNDS_HELD) == -800_00
    assert await sound(settings)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"amount": None}, ("amount",)),
        ({"amount": usd(0)}, ("amount",)),
        ({"payment_reference": None}, ("paymentReference",)),
        ({"occurred_at": START + DAY}, ("occurredAt",)),
        ({"network_reference": ""}, ("networkReference",)),
        ({"event_id": "x" * 101}, ("eventId",)),
    ],
)
async def test_a_word_that_is_wrong_by_itself_is_refused(
    case: Case, more: dict[str, Any], field: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid) as refused:
        await case.tell(case.word(**more))
    assert [problem.field for problem in refused.value.problems] == [field]


WHEN = {
    NoticeKind.OPENED: START,
    NoticeKind.WON: START + HOUR,
    NoticeKind.PRE_ARBITRATION: START + 2 * HOUR,
    NoticeKind.LOST: START + 3 * HOUR,
}
ORDERS = list(itertools.permutations(WHEN))[::3]
"""Every third of the orders in which four words can come; each word is first, and each is last."""


@pytest.mark.parametrize("kinds", ORDERS, ids=lambda kinds: "-".join(kind.value for kind in kinds))
async def test_whatever_order_words_come_in_the_end_is_the_same(
    case: Case, settings: Settings, kinds: tuple[NoticeKind, ...]
) -> None:
    await case.pay()
    await case.market.move(START + DAY)
    for kind in kinds:
        await case.tell(case.word(kind, occurred_at=WHEN[kind]))
    async with case.market.pool.acquire(case.market.tenant_id) as connection:
        (found,) = await chargeback_rows.by_order(connection, case.market.tenant_id, case.order_id)
    assert (found.state, found.result) == (ChargebackState.SETTLED, ChargebackResult.LOST_BY_DEFAULT)
    assert await case.balance(AccountName.FUNDS_HELD) == 0
    assert await case.balance(AccountName.PARTY_PAYABLE) == 800_00
    if kinds == ORDERS[0]:
        assert await sound(settings)


# -- defended ----------------------------------------------------------------------------------------------------------


async def test_a_defence_that_wins_gives_the_money_back(case: Case, settings: Settings) -> None:
    await case.pay()
    opened = await case.represent(await case.open())
    assert (opened.state, opened.due_at) == (ChargebackState.REPRESENTED, None)
    await case.tell(case.word(NoticeKind.WON))
    won = await case.read(opened.id)
    assert (won.state, won.result, won.drawn) == (ChargebackState.WON, ChargebackResult.WON, usd(0))
    assert await case.balance(AccountName.PARTY_PAYABLE) == await case.balance(AccountName.FUNDS_HELD) == 0
    assert await sound(settings)


async def test_the_merchants_last_microsecond_is_in_time_and_the_next_is_not(case: Case) -> None:
    await case.pay()
    first, second = await case.open(amount=usd(1_00)), await case.open(network_reference="N2", amount=usd(1_00))
    assert first.due_at is not None
    await case.market.move(first.due_at)
    assert (await case.submit(first)).state is ChargebackState.PLATFORM_CHECK
    await case.market.move(first.due_at + MICROSECOND)
    late = await case.read(second.id)
    assert (late.state, late.result) == (ChargebackState.SETTLED, ChargebackResult.LOST_BY_DEFAULT)
    with pytest.raises(Refused) as refused:
        await case.submit(late)
    assert reasons(refused) == ["chargeback_state_allows"]


async def test_a_pack_is_returned_once_and_mended_within_48_hours(case: Case) -> None:
    await case.pay()
    opened = await case.submit(await case.open())
    returned = await case.step(opened, chargebacks.return_evidence_pack)
    assert (returned.state, returned.due_at) == (ChargebackState.INSUFFICIENT, START + 48 * HOUR)
    again = await case.submit(returned, "Here is the signature.")
    lost = await case.step(again, chargebacks.return_evidence_pack)
    assert (lost.state, lost.result) == (ChargebackState.SETTLED, ChargebackResult.LOST_BY_DEFAULT)


async def test_a_returned_pack_that_nobody_mends_is_lost(case: Case) -> None:
    await case.pay()
    returned = await case.step(await case.submit(await case.open()), chargebacks.return_evidence_pack)
    await case.market.move(START + 48 * HOUR + MICROSECOND)
    assert (await case.read(returned.id)).result is ChargebackResult.LOST_BY_DEFAULT


async def test_the_platforms_silence_sends_the_pack_as_it_stands(case: Case) -> None:
    await case.pay()
    opened = await case.submit(await case.open())
    assert opened.due_at is not None
    assert (opened.network_due_at - opened.due_at) == DAY
    await case.market.move(opened.due_at + MICROSECOND)
    sent = await case.read(opened.id)
    assert (sent.state, sent.pack_accepted_at is not None) == (ChargebackState.REPRESENTED, True)


async def test_pre_arbitration_is_contested_or_lost(case: Case) -> None:
    await case.pay()
    opened = await case.represent(await case.open())
    await case.tell(case.word(NoticeKind.PRE_ARBITRATION))
    asked = await case.read(opened.id)
    assert asked.due_at is not None
    assert (asked.state, (asked.due_at - START).days) == (ChargebackState.PRE_ARBITRATION, 30)
    contested = await case.step(asked, chargebacks.contest_pre_arbitration)
    assert (contested.state, contested.contested) == (ChargebackState.PRE_ARBITRATION, True)
    with pytest.raises(Refused) as refused:
        await case.step(contested, chargebacks.contest_pre_arbitration)
    assert reasons(refused) == ["pre_arbitration_not_contested"]
    await case.market.move(asked.due_at + DAY)
    assert (await case.read(opened.id)).state is ChargebackState.PRE_ARBITRATION


async def test_pre_arbitration_that_nobody_contests_is_lost(case: Case, settings: Settings) -> None:
    await case.pay()
    opened = await case.represent(await case.open())
    await case.tell(case.word(NoticeKind.PRE_ARBITRATION))
    await case.market.move(START + 32 * DAY)
    lost = await case.read(opened.id)
    assert (lost.state, lost.result) == (ChargebackState.SETTLED, ChargebackResult.LOST)
    assert await sound(settings)


async def test_what_was_won_is_held_again_in_pre_arbitration(case: Case, settings: Settings) -> None:
    await case.pay()
    opened = await case.represent(await case.open())
    await case.tell(case.word(NoticeKind.WON))
    await case.tell(case.word(NoticeKind.PRE_ARBITRATION))
    again = await case.read(opened.id)
    assert (again.state, again.result, again.drawn) == (ChargebackState.PRE_ARBITRATION, None, usd(800_00))
    assert await case.balance(AccountName.FUNDS_HELD) == -800_00
    assert await sound(settings)


async def test_only_the_merchant_answers_and_only_staff_check(case: Case) -> None:
    await case.pay()
    opened = await case.open()
    stranger = case.market.supplier(await case.market.register_supplier())
    with pytest.raises(NotFound):
        await case.step(opened, chargebacks.accept_chargeback, stranger)
    wish = SubmitEvidencePack(opened.id, "no", ())
    with pytest.raises(Refused) as refused:
        await case.market.act(case.market.caller(Role.SUPPLIER), chargebacks.submit_evidence_pack, wish)
    assert reasons(refused) == ["chargeback_action_of_your_side"]


# -- the pack ----------------------------------------------------------------------------------------------------------


async def test_a_pack_holds_what_the_platform_knows_and_never_changes(case: Case, owner: asyncpg.Pool[Any]) -> None:
    await case.pay()
    opened = await case.submit(await case.open())
    async with case.market.pool.acquire(case.market.tenant_id) as connection:
        (pack,) = await chargeback_rows.packs(connection, case.market.tenant_id, [opened.id])
    items = evidence_packs.parse(pack.manifest)
    assert [item.kind.value for item in items] == ["ORDER", "ORDER_LINE", "ORDER_LINE"]
    assert all(evidence_packs.sha256(item.content) == item.sha256 for item in items)
    assert json.loads(items[0].content)["total"] == "800.00 USD"
    assert pack.digest == evidence_packs.sha256(pack.manifest)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with case.market.pool.acquire(case.market.tenant_id) as connection:
            await connection.execute("UPDATE evidence_packs SET statement = 'another'")
    with pytest.raises(asyncpg.RestrictViolationError):
        await owner.execute("UPDATE evidence_packs SET statement = 'another'")


@pytest.mark.parametrize("statement", ["", "   ", "x" * 4_001])
async def test_a_pack_without_words_or_with_too_many_is_refused(case: Case, statement: str) -> None:
    await case.pay()
    opened = await case.open()
    with pytest.raises(Invalid):
        await case.submit(opened, statement)


# -- who bears it ------------------------------------------------------------------------------------------------------


async def test_a_protected_merchant_that_defended_itself_has_its_money_again(case: Case, settings: Settings) -> None:
    await case.protect()
    await case.pay()
    opened = await case.represent(await case.open())
    await case.tell(case.word(NoticeKind.LOST))
    settled = await case.read(opened.id)
    assert (settled.coverage, settled.covered) == (CoverageOutcome.COVERED, usd(800_00))
    assert await case.balance(AccountName.PARTY_PAYABLE) == await case.balance(AccountName.FUNDS_HELD) == 0
    assert await case.balance(AccountName.COMPENSATION_EXPENSE) == 800_00
    assert await sound(settings)


async def test_who_was_not_protected_at_the_payment_bears_the_loss(case: Case, settings: Settings) -> None:
    await case.pay()
    await case.market.move(START + HOUR)
    await case.protect()
    opened = await case.represent(await case.open())
    await case.tell(case.word(NoticeKind.LOST))
    settled = await case.read(opened.id)
    assert (settled.coverage, settled.covered) == (CoverageOutcome.NOT_COVERED, usd(0))
    assert await case.balance(AccountName.PARTY_PAYABLE) == 800_00
    assert await sound(settings)


async def test_who_accepts_is_not_covered(case: Case) -> None:
    await case.protect()
    await case.pay()
    opened = await case.open()
    accepted = await case.step(opened, chargebacks.accept_chargeback, case.merchant)
    assert (accepted.result, accepted.coverage) == (ChargebackResult.ACCEPTED, CoverageOutcome.NOT_COVERED)


async def test_limits_of_a_case_and_of_a_year_are_used_up_once(case: Case, settings: Settings) -> None:
    await case.protect()
    order_id = await case.market.order(case.buyer_id, case.supplier_id, [line(40_000_00)])
    await case.pay("P2", 40_000_00, order_id)
    opened = []
    for number in range(5):
        each = await case.open(payment_reference="P2", network_reference=f"M{number}", amount=usd(6_000_00))
        opened.append(await case.represent(each))
    words = [case.word(NoticeKind.LOST, network_reference=each.network_reference) for each in opened]
    await asyncio.gather(*(case.tell(word) for word in words))
    settled = [await case.read(each.id) for each in opened]
    assert sorted(each.covered.minor for each in settled) == [0, 5_000_00, 5_000_00, 5_000_00, 5_000_00]
    assert await sound(settings)


async def test_a_pause_covers_what_was_paid_before_it(case: Case) -> None:
    await case.protect()
    await case.pay("P1", 300_00)
    await case.market.move(START + DAY)
    async with case.market.pool.acquire(case.market.tenant_id) as connection:
        live = await protection_rows.find_live(connection, case.market.tenant_id, case.supplier_id)
    assert live is not None
    await case.market.act(case.merchant, protections.pause_protection, TurnProtection(live.id))
    await case.market.move(START + 2 * DAY)
    await case.pay("P2", 300_00)
    outcomes = []
    for payment in ("P1", "P2"):
        opened = await case.open(payment_reference=payment, network_reference=payment, amount=usd(300_00))
        await case.represent(opened)
        await case.tell(case.word(NoticeKind.LOST, network_reference=payment))
        outcomes.append((await case.read(opened.id)).coverage)
    assert outcomes == [CoverageOutcome.COVERED, CoverageOutcome.NOT_COVERED]


async def test_the_same_key_submits_one_pack(case: Case) -> None:
    await case.pay()
    opened = await case.open()
    key, wish = Key("k1", fingerprint({"a": 1})), SubmitEvidencePack(opened.id, "Delivered.", ())
    merchant = case.merchant
    first, again = [await case.market.act(merchant, chargebacks.submit_evidence_pack, wish, key=key) for _ in range(2)]
    assert first.things == again.things


async def test_clocks_end_with_the_chargeback(case: Case) -> None:
    await case.pay()
    opened = await case.open()
    await case.tell(case.word(NoticeKind.WON))
    async with case.market.pool.acquire(case.market.tenant_id) as connection:
        found = await clock_rows.by_subjects(connection, case.market.tenant_id, [opened.id])
    assert [(clock.duty, clock.state) for clock in found] == [(Duty.SUBMIT_PACK, ClockState.DONE)]


async def test_the_doctor_names_a_chargeback_whose_books_are_off(
    case: Case, settings: Settings, owner: asyncpg.Pool[Any]
) -> None:
    await case.pay()
    opened = await case.open()
    assert await sound(settings)
    await owner.execute("UPDATE chargebacks SET drawn_minor = drawn_minor - 1 WHERE id = $1", opened.id)
    (broken,) = (await books.faults(settings.database_worker_url))["Harbour Market"]
    assert opened.id in broken


# -- as clients see it -------------------------------------------------------------------------------------------------


async def test_what_may_be_done_is_what_is_listed(case: Case, ask: Asking) -> None:
    await case.pay()
    opened = await case.open()
    text = """query ($id: ID!) { chargeback(id: $id) { number state amount { amount } availableActions
      blockedActions { action because { reason text } closesAt } heldEvidence { kind }
      events(first: 9) { nodes { name actor } } transfers(first: 9) { nodes { event chargeback { id } } } } }"""
    seen = (await ask(case.merchant, text, id=opened.id))["chargeback"]
    assert seen["availableActions"] == ["ACCEPT_CHARGEBACK", "SUBMIT_EVIDENCE_PACK"]
    assert [event["name"] for event in seen["events"]["nodes"]] == [
        "chargeback.notified",
        "chargeback.funds_held",
        "chargeback.evidence_due",
    ]
    assert seen["transfers"]["nodes"] == []
    assert [item["kind"] for item in seen["heldEvidence"]] == ["ORDER", "ORDER_LINE", "ORDER_LINE"]
    of_staff = (await ask(case.staff, text, id=opened.id))["chargeback"]
    assert of_staff["availableActions"] == []
    assert of_staff["transfers"]["nodes"] == [{"event": "CHARGEBACK_HELD", "chargeback": {"id": opened.id}}]
    for stranger in (case.market.buyer(case.buyer_id), case.market.supplier(await case.market.register_supplier())):
        assert (await ask(stranger, text, id=opened.id))["chargeback"] is None


async def test_a_decision_explains_why_nothing_is_covered(case: Case, ask: Asking) -> None:
    await case.pay()
    opened = await case.open()
    await case.step(opened, chargebacks.accept_chargeback, case.merchant)
    text = """query ($id: ID!) { chargeback(id: $id) { coverage covered { amount } decision { kind holds
      tree { because { reason holds } } } } }"""
    seen = (await ask(case.merchant, text, id=opened.id))["chargeback"]
    unmet = [each["reason"] for each in seen["decision"]["tree"]["because"] if not each["holds"]]
    assert unmet == ["protection_active_at_payment", "pack_accepted_by_platform", "defence_then_lost"]
