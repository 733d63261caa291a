"""Findings and user errors are read in the language that is asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime

from domain.access import Caller
from domain.ids import CoverageId
from tests.builders import Market, line
from tests.marketplaces import Asking

DAY_AFTER = datetime(2026, 3, 2, 5, tzinfo=UTC)
"""When 2 March begins where the orders are delivered."""
CLAIMS = """query ($locale: Locale) { claims(first: 1) { nodes { decision { tree {
  default: text english: text(locale: EN) chinese: text(locale: ZH) asked: text(locale: $locale)
  because { reason text(locale: ZH) english: text because { text(locale: $locale) inputs { name value } } } } } } } }"""
OPEN = """mutation ($cover: ID!) { openClaim(input: {coverageId: $cover, reason: LATE_DELIVERY, idempotencyKey: "1"}) {
  userErrors { message chinese: message(locale: ZH) reasons { reason text(locale: ZH) english: text } } } }"""
AS_NULL = "query ($locale: Locale) { claims(first: 1) { nodes { decision { tree { text(locale: $locale) } } } } }"


async def late(sandbox: Market, level: int) -> tuple[CoverageId, Caller]:
    """The cover of an order of a buyer of that level, promised for 1 March and not delivered."""
    buyer, supplier = await sandbox.register_buyer(level=level), await sandbox.register_supplier()
    guarantee = await sandbox.offer(await sandbox.register_provider())
    order = await sandbox.order(buyer, supplier, [line(promised_on=date(2026, 3, 1))], [guarantee])
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        id = await connection.fetchval("SELECT id FROM coverages WHERE order_id = $1", order)
    return CoverageId(id), sandbox.buyer(buyer)


async def test_a_decision_is_read_in_english_and_chinese(sandbox: Market, ask: Asking) -> None:
    _, buyer = await late(sandbox, 4)
    await sandbox.move(DAY_AFTER)  # an L4 buyer is paid without asking
    (claim,) = (await ask(buyer, CLAIMS, locale="ZH"))["claims"]["nodes"]
    tree = claim["decision"]["tree"]
    assert tree["default"] == tree["english"]
    assert tree["english"].startswith("The guarantee pays ")
    assert tree["chinese"].startswith("保障赔付 ")
    assert tree["asked"] == tree["chinese"]
    words = {finding["reason"]: (finding["english"], finding["text"]) for finding in tree["because"]}
    assert words["tier_compensates_automatically"] == (
        "The buyer's tier is compensated without an application.",
        "该买家等级无需申请即可获得赔偿。",
    )
    assert words["order_not_cancelled"] == ("The order is not cancelled.", "订单未取消。")
    lines = [below for finding in tree["because"] for below in finding["because"]]
    assert any(below["text"].startswith("订单行 ") and below["inputs"] for below in lines)
    (again,) = (await ask(buyer, CLAIMS, locale="EN"))["claims"]["nodes"]  # by the same plan
    assert again["decision"]["tree"]["asked"] == tree["english"]


async def test_a_refusal_and_its_reasons_are_in_either(sandbox: Market, ask: Asking) -> None:
    cover, buyer = await late(sandbox, 0)
    (error,) = (await ask(buyer, OPEN, cover=cover))["openClaim"]["userErrors"]
    assert (error["message"], error["chinese"]) == ("The claim cannot be opened.", "该索赔不能提出。")
    reasons = {reason["reason"]: (reason["english"], reason["text"]) for reason in error["reasons"]}
    english, chinese = reasons["on_time_goods_late"]
    assert english.startswith("None of 1 promised lines is late at 2026-")
    assert chinese.startswith("截至 2026-")
    assert chinese.endswith("，1 个有承诺的订单行均未延误。")


async def test_no_language_at_all_is_refused_before_anything_is_read(sandbox: Market, ask: Asking) -> None:
    buyer = sandbox.buyer(await sandbox.register_buyer())
    answer = await ask.answer(buyer, AS_NULL, locale=None)
    assert not answer.executed
    assert [error["extensions"]["code"] for error in answer.errors] == ["BAD_VARIABLES"]
