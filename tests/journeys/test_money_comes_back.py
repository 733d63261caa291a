"""A machine breaks, the claims are granted and paid back, and at the end every account is explained line by line.

The machine's service was promised by a network of engineers, who came a working day late because the spindle that they
waited for was late: a forwarder had promised its day, and the airline it was flown with brought it a day after that. A
service has no carrier, so the airline answers for the late spindle: the buyer has one claim against the engineers and
one against the forwarder, of whose loss the airline bears two fifths.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from api.settings import Settings
from storage import books
from storage.pool import Pool
from tests.journeys.conftest import People

MICROSECOND = timedelta(microseconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2034, 2, 1, 15, tzinfo=UTC)
PROMISED = date(2034, 2, 20)
CAME = datetime(2034, 2, 21, 15, tzinfo=UTC)
"""When the spindle came: the day after the promised one."""
DAY_14_ENDS = datetime(2034, 2, 23, 5, tzinfo=UTC) - MICROSECOND
"""The last instant of the fourteenth working day in New York, Washington's Birthday left out."""
DECIDED = DAY_14_ENDS + 2 * HOUR
END = DECIDED + 120 * DAY
"""After the last instant of every coupon."""
OF_PARTY: Final = {"PARTY_RECEIVABLE", "PARTY_PAYABLE", "CONTINGENT", "DEPOSIT_HELD", "FUNDS_HELD"}
"""The accounts that are kept by liable party."""

CAUSES = """claim { id } coupon { id } redemption { id } decision { id } recovery { id } payout { id }
  partyPayment { id } carrierClaim { id }"""


@pytest.fixture
async def cast(people: People) -> People:
    """A buyer, a maker, engineers who stand for its machines, a forwarder who stands for its days, and the desk."""
    await people.begin(START)
    operator = people.ids["operator"]
    await people.key("desk", operator, "SUPPORT", "ADJUDICATOR", "FINANCE", "ADMIN")
    await people.key("reviewer", operator, "ADJUDICATOR", "SUPPORT")
    shop = await people.do("admin", "createOrganisation", "organisation { id }", kind="SERVICE", name="Web shop")
    await people.key("shop", shop["organisation"]["id"], "SERVICE")
    for who, mutation, thing, country, more in (
        ("buyer", "registerBuyer", "buyer", "US", {}),
        ("maker", "registerSupplier", "supplier", "CN", {}),
        ("engineers", "registerProvider", "provider", "US", {"kind": "SERVICE_NETWORK"}),
        ("line", "registerProvider", "provider", "US", {"kind": "FORWARDER"}),
    ):
        shown = f"{thing} {{ id organisation {{ id }} }}"
        joined = await people.do("desk", mutation, shown, name=who, country=country, **more)
        people.ids[who] = joined[thing]["id"]
        await people.key(who, joined[thing]["organisation"]["id"], thing.upper())
    for who, rule in (("engineers", "machinery_after_sales"), ("line", "on_time")):
        offered = await people.do(who, "offerGuarantee", "guarantee { id }", ruleKey=f"guarantees/{rule}")
        people.ids[rule] = offered["guarantee"]["id"]
    return people


async def bought(people: People, name: str, guarantee: str | None = None, **line: Any) -> dict[str, str]:
    """An order of one line, paid now: the ids of the order, its line and its cover."""
    placed = await people.do(
        "shop",
        "recordOrder",
        "order { id }",
        reference=name,
        buyerId=people.ids["buyer"],
        supplierId=people.ids["maker"],
        country="US",
        currency="USD",
        lines=[{"description": name, **line}],
        guaranteeIds=[people.ids[guarantee]] if guarantee else [],
    )
    id = placed["order"]["id"]
    shown = "order { lines(first: 1) { nodes { id } } coverages(first: 1) { nodes { id } } }"
    now = (await people.ask("shop", "{ viewer { tenant { clock } } }"))["viewer"]["tenant"]["clock"]
    paid = (await people.do("shop", "recordPayment", shown, orderId=id, paidAt=now))["order"]
    covers = paid["coverages"]["nodes"]
    return {"order": id, "line": paid["lines"]["nodes"][0]["id"], "cover": covers[0]["id"] if covers else ""}


async def broken(people: People) -> dict[str, dict[str, str]]:
    """The machine stands still, its spindle came a day late by air, and the engineers a working day late for it."""
    machine = await bought(people, "Lathe", "machinery_after_sales", value="10000.00", serviced=True)
    spindle = await bought(people, "Spindle", "on_time", value="2500.00", promisedAt=PROMISED.isoformat())
    wish = {"coverageId": machine["cover"], "lineIds": [machine["line"]], "kind": "DISPATCHED", "problem": "It stands."}
    asked = await people.do("buyer", "requestService", "serviceRequest { id }", **wish)
    request = {"requestId": asked["serviceRequest"]["id"]}
    await people.do("engineers", "respondToService", "serviceRequest { id }", **request, note="With the spindle.")
    sent = await people.do(
        "shop",
        "recordShipment",
        "shipment { id }",
        orderId=spindle["order"],
        providerId=people.ids["line"],
        reference="AWB-1",
        mode="AIR",
        lineIds=[spindle["line"]],
    )
    shipment = sent["shipment"]["id"]
    leg = {"mode": "AIR", "carrierName": "Northern Air", "fromKey": "CN", "toKey": "US"}
    await people.do("line", "planLegs", "shipment { id }", shipmentId=shipment, legs=[leg])
    await people.move_clock(CAME)
    event = {"shipmentId": shipment, "reference": "E-1", "status": "DELIVERED", "occurredAt": CAME.isoformat()}
    await people.do("line", "recordTrackingEvents", "recorded", events=[event])
    window = {"plannedFrom": DAY_14_ENDS + MICROSECOND, "plannedUntil": DAY_14_ENDS + DAY}
    planned = await people.do(
        "engineers",
        "planServiceVisit",
        "serviceRequest { visits(first: 1) { nodes { id } } }",
        **request,
        **{name: at.isoformat() for name, at in window.items()},
        engineer="Lin Wei",
    )
    await people.move_clock(DAY_14_ENDS + HOUR)
    visit = request | {"visitId": planned["serviceRequest"]["visits"]["nodes"][0]["id"]}
    await people.do("engineers", "startServiceVisit", "serviceRequest { id }", **visit)
    await people.do("engineers", "endServiceVisit", "serviceRequest { id }", **visit)
    await people.do("engineers", "completeService", "serviceRequest { id }", **request)
    return {"machine": machine, "spindle": spindle}


async def granted(people: People, cover: str, party: str, reason: str, *shares: tuple[str, int]) -> dict[str, Any]:
    """The buyer's claim, contested by the party and granted by the desk, with its coupon."""
    opened = await people.do("buyer", "openClaim", "claim { id }", coverageId=cover, reason=reason)
    id = opened["claim"]["id"]
    await people.do(party, "contestClaim", "claim { id }", claimId=id, note="We could not.")
    shown = "claim { id outcome coupon { id amount { amount } } shares { bearer basisPoints } decision { id } }"
    given = [{"bearer": bearer, "basisPoints": part} for bearer, part in shares]
    wish: dict[str, Any] = {"claimId": id, "outcome": "GRANTED", "note": "As recorded."}
    decided = (await people.do("desk", "decideClaim", shown, **wish, **({"shares": given} if given else {})))["claim"]
    assert decided["outcome"] == "GRANTED"
    claim: dict[str, Any] = decided
    return claim


async def spent(people: People, coupon: str, amount: str) -> None:
    """So much of the coupon pays for another order."""
    other = await bought(people, f"Tools {len(people.ids)}-{amount}-{coupon[-6:]}", value="900.00")
    wish = {"couponId": coupon, "orderId": other["order"], "amount": money(amount)}
    await people.do("buyer", "redeemCoupon", "coupon { state }", **wish)


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


async def paid_out(people: People, party: str, amount: str) -> dict[str, Any]:
    """The party's earnings are announced and paid, what it owes kept back."""
    wish = {"liablePartyId": people.ids[party], "amount": money(amount), "reference": f"P-{party}"}
    shown = "payout { id netted { amount } payable { amount } state }"
    payout = (await people.do("desk", "recordPayout", shown, **wish))["payout"]
    await people.do("desk", "confirmPayout", "payout { state }", payoutId=payout["id"], reference=f"B-{party}")
    found: dict[str, Any] = payout
    return found


async def carrier_paid(people: People, claim: str) -> str:
    """The airline is told, asked, accepts and pays for its share: the id of its case."""
    rate = {"base": "XDR", "quote": "USD", "day": CAME.date().isoformat(), "rate": "1.5"}
    await people.do("desk", "recordExchangeRates", "exchangeRates { day }", rates=[rate], source="treasury")
    query = """query($id: ID!) { carrierClaims(first: 2, filter: {claimId: $id}) { nodes {
      id carrierName kind loss { amount } } } }"""
    (case,) = (await people.ask("desk", query, id=claim))["carrierClaims"]["nodes"]
    assert (case["carrierName"], case["kind"], case["loss"]["amount"]) == ("Northern Air", "DELAY", "40.00")
    one = {"carrierClaimId": case["id"]}
    await people.do("desk", "amendCarrierClaim", "carrierClaim { id }", **one, weightGrams=20_000)
    await people.do("desk", "notifyCarrier", "carrierClaim { id }", **one)
    filed = await people.do("desk", "fileCarrierClaim", "carrierClaim { claimed { amount } }", **one, reference="NA-77")
    assert filed["carrierClaim"]["claimed"]["amount"] == "40.00"
    await people.do("desk", "answerCarrierClaim", "carrierClaim { id }", **one, answer="ACCEPTED")
    wish = one | {"amount": money("40.00"), "reference": "BANK-1"}
    done = await people.do("desk", "collectCarrierClaim", "carrierClaim { state }", **wish)
    assert done["carrierClaim"]["state"] == "COLLECTED"
    id: str = case["id"]
    return id


async def points(people: People, party: str) -> tuple[int, list[tuple[Any, ...]]]:
    """The party's points now, and each movement of its account: kind, points, balance and the claim it is for."""
    query = """query($id: ID!) { pointsAccount(partyId: $id) { balance }
      pointsMovements(first: 20, orderBy: OLDEST_FIRST, filter: {partyId: $id}) {
        nodes { kind points balance entry { causeId } } } }"""
    found = await people.ask(party, query, id=people.ids[party])
    lines = found["pointsMovements"]["nodes"]
    moved = [(line["kind"], line["points"], line["balance"], line["entry"]["causeId"]) for line in lines]
    return found["pointsAccount"]["balance"], moved


async def appealed(people: People, claim: str) -> None:
    """The engineers appeal, and a reviewer who did not decide it takes back the points and nothing else."""
    content = {"grounds": "The spindle was late.", "rootCause": "An airline.", "correction": "-", "prevention": "-"}
    wish = {"subjectId": claim, "sought": ["POINTS"], "content": content}
    drafted = await people.do("engineers", "draftAppeal", "appeal { id }", **wish)
    one = {"appealId": drafted["appeal"]["id"]}
    await people.do("engineers", "fileAppeal", "appeal { state }", **one)
    for step in ("admitAppeal", "takeAppeal"):
        await people.do("reviewer", step, "appeal { state }", **one)
    decided = {**one, "undone": ["POINTS"], "note": "They could not have come without it."}
    itself = await people.attempt("desk", "decideAppeal", "appeal { state }", **decided)
    assert itself["userErrors"], "nobody reviews what it decided itself"
    done = await people.do("reviewer", "decideAppeal", "appeal { undone outcome }", **decided)
    assert done["appeal"]["undone"] == ["POINTS"]


async def statements(people: People) -> dict[tuple[str, str | None], list[dict[str, Any]]]:
    """(account, party) -> its lines over the whole story, each adding up; their ends are the trial balance."""
    text = """{ ledgerTrialBalance { currency debits { amount } credits { amount }
      lines { account debit { amount } credit { amount } } } }"""
    (trial,) = (await people.ask("desk", text))["ledgerTrialBalance"]
    assert trial["debits"] == trial["credits"]
    found: dict[tuple[str, str | None], list[dict[str, Any]]] = {}
    for row in trial["lines"]:
        ends = 0
        for party in ("engineers", "line") if row["account"] in OF_PARTY else (None,):
            found[row["account"], party], closing = await statement(people, row["account"], party)
            ends += closing
        assert ends == cents(row["debit"]) - cents(row["credit"]), row
    return found


async def statement(people: People, account: str, party: str | None) -> tuple[list[dict[str, Any]], int]:
    """The account's lines from page to page, and what it held in the end."""
    query = f"""query($account: LedgerAccount!, $party: ID, $from: DateTime!, $to: DateTime!, $after: String) {{
      ledgerStatement(account: $account, partyId: $party, currency: "USD", opensAt: $from, closesAt: $to, first: 4,
        after: $after) {{
        opening {{ amount }} closing {{ amount }} hasNextPage endCursor
        lines {{ event amount {{ amount }} balance {{ amount }} transfer {{ id {CAUSES} }} }} }} }}"""
    span = {"from": START.isoformat(), "to": (END + DAY).isoformat(), "party": party and people.ids[party]}
    lines: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await people.ask("desk", query, account=account, **span, after=after))["ledgerStatement"]
        lines += page["lines"]
        after = page["endCursor"]
        if not page["hasNextPage"]:
            break
    held = cents(page["opening"])
    assert held == 0, "nothing was booked before the story"
    for line in lines:
        held += cents(line["amount"])
        assert cents(line["balance"]) == held
    assert cents(page["closing"]) == held
    return lines, held


async def transfers(people: People) -> list[dict[str, Any]]:
    """Every movement of money, oldest first."""
    query = f"""{{ ledgerTransfers(first: 50, orderBy: OLDEST_FIRST) {{ nodes {{
      id event entries {{ account amount {{ amount }} }} {CAUSES} }} }} }}"""
    found: list[dict[str, Any]] = (await people.ask("desk", query))["ledgerTransfers"]["nodes"]
    return found


async def months(people: People, party: str) -> list[tuple[str, str, str, str]]:
    """What the party reads of its own statements: month, kind, what it owes by it and what it may owe."""
    query = """query($month: String!) { partyStatement(month: $month, currency: "USD", first: 50) {
      opening { amount } openingContingent { amount } closing { amount } closingContingent { amount } hasNextPage
      lines { kind receivable { amount } contingent { amount } claim { id } because { holds text } } } }"""
    told, owed, maybe = [], 0, 0
    for month in ("2034-02", "2034-03", "2034-04", "2034-05", "2034-06"):
        page = (await people.ask(party, query, month=month))["partyStatement"]
        assert (cents(page["opening"]), cents(page["openingContingent"])) == (owed, maybe), "as the last month ended"
        for line in page["lines"]:
            owed, maybe = owed + cents(line["receivable"]), maybe + cents(line["contingent"])
            assert line["claim"] is not None
            moved = max(abs(cents(line[side])) for side in ("receivable", "contingent"))
            assert f"{moved / 100:.2f} USD" in line["because"]["text"]
            told.append((month, line["kind"], line["receivable"]["amount"], line["contingent"]["amount"]))
        assert not page["hasNextPage"]
        assert (cents(page["closing"]), cents(page["closingContingent"])) == (owed, maybe)
    assert (owed, maybe) == (0, 0), "nothing is left to be paid"
    return told


async def borne(people: People, claim: str) -> dict[str, str]:
    """Who bore what the buyer was given for that claim."""
    names = ("givenToBuyer", "chargedToParty", "recoveredFromCarriers", "borneByPlatform")
    shown = " ".join(f"{name} {{ amount }}" for name in names)
    text = f"query($id: ID!) {{ lossAccount(claimId: $id) {{ {shown} }} }}"
    account = (await people.ask("desk", text, id=claim))["lossAccount"]
    return {name: account[name]["amount"] for name in names}


def cents(amount: dict[str, str]) -> int:
    return round(float(amount["amount"]) * 100)


EXPLAINED: Final[dict[tuple[str, str | None], list[tuple[str, str, str]]]] = {
    ("CASH_CLEARING", None): [
        ("COUPON_REDEEMED", "-100.00", "service"),
        ("COUPON_REDEEMED", "-100.00", "late"),
        ("PAYOUT_ANNOUNCED", "500.00", "payout of engineers"),
        ("PAYOUT_PAID", "-400.00", "payout of engineers"),
        ("PAYOUT_ANNOUNCED", "300.00", "payout of line"),
        ("PAYOUT_PAID", "-240.00", "payout of line"),
        ("CARRIER_PAID", "40.00", "late, airline"),
    ],
    ("PARTY_RECEIVABLE", "engineers"): [
        ("COUPON_REDEEMED", "100.00", "service"),
        ("RECOVERY_NETTED", "-100.00", "service, payout of engineers"),
    ],
    ("PARTY_RECEIVABLE", "line"): [
        ("COUPON_REDEEMED", "60.00", "late"),
        ("RECOVERY_NETTED", "-60.00", "late, payout of line"),
    ],
    ("CARRIER_RECEIVABLE", None): [
        ("CARRIER_ACCEPTED", "40.00", "late, airline"),
        ("CARRIER_PAID", "-40.00", "late, airline"),
    ],
    ("BUYER_COUPON_LIABILITY", None): [
        ("COUPON_ISSUED", "-200.00", "service"),
        ("COUPON_ISSUED", "-100.00", "late"),
        ("COUPON_REDEEMED", "100.00", "service"),
        ("COUPON_REDEEMED", "100.00", "late"),
        ("COUPON_RELEASED", "100.00", "service"),
    ],
    ("PARTY_PAYABLE", "engineers"): [
        ("PAYOUT_ANNOUNCED", "-500.00", "payout of engineers"),
        ("RECOVERY_NETTED", "100.00", "service, payout of engineers"),
        ("PAYOUT_PAID", "400.00", "payout of engineers"),
    ],
    ("PARTY_PAYABLE", "line"): [
        ("PAYOUT_ANNOUNCED", "-300.00", "payout of line"),
        ("RECOVERY_NETTED", "60.00", "late, payout of line"),
        ("PAYOUT_PAID", "240.00", "payout of line"),
    ],
    ("COMPENSATION_EXPENSE", None): [
        ("COUPON_ISSUED", "200.00", "service"),
        ("COUPON_ISSUED", "100.00", "late"),
        ("COUPON_RELEASED", "-100.00", "service"),
    ],
    ("EXPENSE_RECOVERY", None): [
        ("COUPON_REDEEMED", "-100.00", "service"),
        ("COUPON_REDEEMED", "-60.00", "late"),
        ("CARRIER_ACCEPTED", "-40.00", "late, airline"),
    ],
    ("CONTINGENT", "engineers"): [
        ("COUPON_ISSUED", "200.00", "service"),
        ("COUPON_REDEEMED", "-100.00", "service"),
        ("COUPON_RELEASED", "-100.00", "service"),
    ],
    ("CONTINGENT", "line"): [
        ("COUPON_ISSUED", "60.00", "late"),
        ("COUPON_REDEEMED", "-60.00", "late"),
    ],
    ("MEMO_CONTRA", None): [
        ("COUPON_ISSUED", "-200.00", "service"),
        ("COUPON_ISSUED", "-60.00", "late"),
        ("COUPON_REDEEMED", "100.00", "service"),
        ("COUPON_REDEEMED", "60.00", "late"),
        ("COUPON_RELEASED", "100.00", "service"),
    ],
}
"""(account, party) -> each of its lines: what moved it, by how much, which claim, payout or carrier claim is behind it.

What the platform gave for good, 200.00, is what it got back from the engineers, the forwarder and the airline."""

NAMED: Final = {
    "COUPON_ISSUED": {"claim", "coupon", "decision"},
    "COUPON_REDEEMED": {"claim", "coupon", "redemption", "recovery"},
    "COUPON_RELEASED": {"claim", "coupon"},
    "PAYOUT_ANNOUNCED": {"payout"},
    "PAYOUT_PAID": {"payout"},
    "RECOVERY_NETTED": {"claim", "recovery", "payout"},
    "CARRIER_ACCEPTED": {"claim", "carrierClaim", "decision"},
    "CARRIER_PAID": {"claim", "carrierClaim"},
}
"""What every transfer of the event names as its cause, at the least."""


async def test_a_machine_breaks_and_every_account_is_explained_to_the_last_line(
    cast: People, settings: Settings
) -> None:
    case = await broken(cast)
    await cast.move_clock(DECIDED)
    service = await granted(cast, case["machine"]["cover"], "engineers", "SERVICE_NO_VISIT")
    shared = (("PROVIDER", 6_000), ("CARRIER", 4_000))
    late = await granted(cast, case["spindle"]["cover"], "line", "LATE_DELIVERY", *shared)
    coupons = [claim["coupon"] for claim in (service, late)]
    assert [coupon["amount"]["amount"] for coupon in coupons] == ["200.00", "100.00"]
    given = ("GIVEN", 1, 1, service["id"])
    assert await points(cast, "engineers") == (1, [given])

    await spent(cast, coupons[0]["id"], "100.00")  # half of it
    await spent(cast, coupons[1]["id"], "100.00")
    earned = (("engineers", "500.00"), ("line", "300.00"))
    payouts = {party: await paid_out(cast, party, amount) for party, amount in earned}
    kept = {party: (payout["netted"]["amount"], payout["payable"]["amount"]) for party, payout in payouts.items()}
    assert kept == {"engineers": ("100.00", "400.00"), "line": ("60.00", "240.00")}
    airline = await carrier_paid(cast, late["id"])

    before = await statements(cast)
    await appealed(cast, service["id"])
    assert await points(cast, "engineers") == (
        0,
        [given, ("SUSPENDED", -1, 0, service["id"]), ("REVERSED", 0, 0, service["id"])],
    ), "points under appeal do not count"
    assert await statements(cast) == before, "the points were taken back, and not a cent moved"

    await cast.move_clock(END)
    names = {service["id"]: "service", late["id"]: "late", airline: "airline"}
    names |= {payout["id"]: f"payout of {party}" for party, payout in payouts.items()}
    accounts = await statements(cast)
    shown = {account: [_explained(line, names) for line in lines] for account, lines in accounts.items() if lines}
    assert shown == EXPLAINED
    moved = await transfers(cast)
    assert {line["transfer"]["id"] for lines in accounts.values() for line in lines} == {each["id"] for each in moved}
    assert sum(len(each["entries"]) for each in moved) == sum(map(len, EXPLAINED.values())), "each entry is on a line"
    for each in moved:
        assert sum(cents(entry["amount"]) for entry in each["entries"]) == 0
        assert NAMED[each["event"]] <= {cause for cause, thing in each.items() if isinstance(thing, dict)}, each

    carried = {"givenToBuyer": "100.00", "borneByPlatform": "0.00"}
    assert await borne(cast, service["id"]) == {**carried, "chargedToParty": "100.00", "recoveredFromCarriers": "0.00"}
    assert await borne(cast, late["id"]) == {**carried, "chargedToParty": "60.00", "recoveredFromCarriers": "40.00"}
    assert await months(cast, "engineers") == [
        ("2034-02", "OPENED", "0.00", "200.00"),
        ("2034-02", "FELL_DUE", "100.00", "-100.00"),
        ("2034-02", "NETTED", "-100.00", "0.00"),
        ("2034-05", "RELEASED", "0.00", "-100.00"),
    ]
    assert await months(cast, "line") == [
        ("2034-02", "OPENED", "0.00", "60.00"),
        ("2034-02", "FELL_DUE", "60.00", "-60.00"),
        ("2034-02", "NETTED", "-60.00", "0.00"),
    ]
    tenant = (await cast.ask("desk", "{ viewer { tenant { id } } }"))["viewer"]["tenant"]["id"]
    pool = await Pool.open(settings.database_worker_url, size=1)
    try:
        async with pool.acquire(tenant) as connection:
            assert await books.faults(connection, tenant) == []
    finally:
        await pool.close()


def _explained(line: dict[str, Any], names: dict[str, str]) -> tuple[str, str, str]:
    """The line in the words of `EXPLAINED`."""
    things = [line["transfer"][cause] for cause in ("claim", "payout", "carrierClaim")]
    behind = ", ".join(names[thing["id"]] for thing in things if thing)
    return line["event"], line["amount"]["amount"], behind
