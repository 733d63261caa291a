"""Quotes: asked for, answered in one act, accepted, withdrawn, revised, and over in time.

A request is one read of all offers and what they rest on, one of the providers' records where those known are old, and
one write of everything. Locks: a quote's own row; whoever books takes provider and order before it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from api.operations.duties import start_duty
from domain import access, capabilities, dates, offers, quotes, tiers
from domain import measures as measured
from domain.access import Caller
from domain.buyers import TIER_RULE
from domain.capabilities import Capability, Limit
from domain.clocks import Clock, Duty
from domain.discounts import Discount
from domain.errors import Invalid, NotFound, Problem, Refused
from domain.exchange_rates import Conversion
from domain.explain import Finding
from domain.gates import Action
from domain.ids import BuyerId, ProviderId, QuoteId, QuoteRequestId
from domain.measures import MeasureBasis
from domain.offers import LeftOut, Market, QuoteTerms, RequestQuote
from domain.providers import ProviderState
from domain.quotes import AcceptQuote, Quote, ReviseQuote, WithdrawQuote
from domain.services import ServiceState
from storage import buyers as buyer_rows
from storage import calendars as calendar_rows
from storage import capabilities as restriction_rows
from storage import decisions as decision_rows
from storage import exchange_rates as rate_rows
from storage import lanes as lane_rows
from storage import measures as measure_rows
from storage import quotes as quote_rows
from storage import records as record_rows
from storage import rulebook
from storage.quotes import Found, OffSale
from storage.unit_of_work import Outcome, Work


async def request_quote(work: Work, command: RequestQuote) -> Outcome:
    """Every provider that serves the route has been asked, and the best offers are binding quotes.

    Refuses a request that is wrong by itself, naming every problem, and a buyer that does not exist. Nobody to offer
    is an answer, not a refusal.
    """
    access.require(work.caller, "requestQuote")
    told = work.told
    with told:
        buyer_id = _asker(work.caller, command.buyer_id)
        if work.caller.is_operator:
            await buyer_rows.get(work.connection, work.tenant_id, buyer_id)
    rule = await terms(work)
    with told:
        offers.require_valid(rule, command, work.at)
    told.done()
    found = await quote_rows.offers(work.connection, work.tenant_id, buyer_id, command, work.at)
    market = await _market(work, found, command)
    ranked, left_out = offers.rank(rule, command, buyer_id, found.offers, market, work.at)
    if command.include_left_out:
        left_out += await _off_sale(work, rule, command)
    stands_for = found.commitments
    answered = quotes.request_quote(
        rule,
        command,
        buyer_id,
        ranked,
        left_out,
        await calendar_rows.get(work.connection, work.market),
        id=work.new_id(QuoteRequestId),
        quote_ids=[work.new_id(QuoteId) for _ in ranked],
        at=work.at,
        guarantees={id: each.guarantee_ids for id, each in stands_for.items()},
        bundles={id: each.bundle_id for id, each in stands_for.items() if each.bundle_id is not None},
    )
    request = answered.request.after
    await work.keep(answered.request, *answered.quotes)
    if answered.quotes:
        first_over = min(change.after.expires_at for change in answered.quotes)
        await start_duty(work, Duty.QUOTE_VALIDITY, request.id, first_over, party_id=buyer_id)
    return Outcome({"quoteRequest": request.id})


async def accept_quote(work: Work, command: AcceptQuote) -> Outcome:
    """The quote is accepted: its price, promise and terms are what they were, whatever became of the price list.

    Refuses, with every reason, a quote that is over, and one whose hand-over has passed; another buyer's is NotFound.
    """
    access.require(work.caller, "acceptQuote")
    quote = await _locked(work, command.quote_id)
    await work.keep(quotes.accept_quote(quote, work.at))
    return Outcome({"quote": quote.id})


async def withdraw_quote(work: Work, command: WithdrawQuote) -> Outcome:
    """The provider takes the quote back. Refuses one that is accepted or over; another's is NotFound."""
    access.require(work.caller, "withdrawQuote")
    quote = await _locked(work, command.quote_id)
    await work.keep(quotes.withdraw_quote(quote, command.reason, work.at))
    return Outcome({"quote": quote.id})


async def revise_quote(work: Work, command: ReviseQuote) -> Outcome:
    """Another quote stands in its place, for as long as a new one. Refuses one that is accepted or over."""
    access.require(work.caller, "reviseQuote")
    quote = await _locked(work, command.quote_id)
    lane = await lane_rows.get(work.connection, work.tenant_id, quote.lane_id)
    revised = quotes.revise_quote(
        await terms(work),
        quote,
        command,
        await calendar_rows.get(work.connection, lane.destination_country),
        await calendar_rows.get(work.connection, work.market),
        id=work.new_id(QuoteId),
        at=work.at,
    )
    await work.keep(revised.old, revised.new)
    return Outcome({"quote": revised.new.after.id, "revised": quote.id})


async def fire_quote_validity(work: Work, clock: Clock) -> None:
    """The quotes of the request whose last instant has passed are over; a clock waits for the next ones."""
    request_id = QuoteRequestId(clock.subject_id)
    standing = await quote_rows.lock_quoted_by_request(work.connection, work.tenant_id, request_id)
    over = [quote for quote in standing if quote.expires_at < work.at]
    await work.keep(*(quotes.expire_quote(quote, work.at) for quote in over))
    left = [quote.expires_at for quote in standing if work.at <= quote.expires_at]
    if left:
        await start_duty(work, Duty.QUOTE_VALIDITY, request_id, min(left), party_id=clock.party_id)


async def terms(work: Work) -> QuoteTerms:
    """The numbers of the rule about quotes that is in force."""
    return offers.quote_terms(await rulebook.in_force(work.connection, work.tenant_id, offers.RULE, work.at))


# -- who asks, and what is asked ---------------------------------------------------------------------------------------


def _asker(caller: Caller, named: BuyerId | None) -> BuyerId:
    """For which buyer the caller asks. Refuses the desk naming none, and another buyer's name with NotFound."""
    if caller.is_operator:
        if named is None:
            raise Invalid(Problem(("buyerId",), "The desk names the buyer it asks for."))
        return named
    if not isinstance(caller.party_id, BuyerId) or named not in {None, caller.party_id}:
        raise NotFound("There is no such buyer.", field=("buyerId",))
    return caller.party_id


async def _discount(work: Work, level: int | None) -> Discount | None:
    """What that level of the buyer takes off transport."""
    if level is None:
        return None
    version = await rulebook.in_force(work.connection, work.tenant_id, TIER_RULE, work.at)
    share_bp = tiers.quote_discount_bp(version, level)
    return None if share_bp is None else Discount(share_bp, str(version.id))


async def _market(work: Work, found: Found, command: RequestQuote) -> Market:
    """What the offers are judged with: each read once, and only for countries, providers and currencies among them."""
    connection, made = work.connection, found.offers
    countries = {country for offer in made for country in (offer.origin_country, offer.destination_country)}
    calendars = {country: await calendar_rows.get(connection, country) for country in sorted(countries)}
    providers = sorted({offer.provider_id for offer in made})
    records = await record_rows.recent(connection, work.tenant_id, providers, work.at) if providers else {}
    currencies = {offer.prices.currency for offer in made if offer.prices is not None} - {command.currency}
    day = dates.local_day(work.at, dates.UTC_DAYS)
    conversions: dict[str, Conversion] = {}
    for currency in sorted(currencies):
        try:
            conversions[currency] = await rate_rows.rate(connection, work.tenant_id, currency, command.currency, day)
        except Refused:
            continue  # nobody recorded a rate: such offers stand at the end, and say that they cannot be compared
    level, discount = found.buyer_level, await _discount(work, found.buyer_level)
    return Market(calendars, records, conversions, level, discount, await _demoted(work, found.demoted))


async def _demoted(work: Work, providers: Collection[ProviderId]) -> Mapping[ProviderId, Finding]:
    """Why those providers come behind others now: by a measure after a violation, or by their scorecard."""
    if not providers:  # as nearly always
        return {}
    found = {}
    for id, measure in (await measure_rows.demotions(work.connection, work.tenant_id, providers, work.at)).items():
        below, against = None, None
        if measure.basis is MeasureBasis.SCORECARD:
            below = await decision_rows.tree(work.connection, work.tenant_id, measure.decision_id)
        else:
            against = measured.finding(measure)
        demotion = offers.demotion(below, against)
        if demotion is not None:
            found[id] = demotion
    return found


async def _off_sale(work: Work, rule: QuoteTerms, command: RequestQuote) -> tuple[LeftOut, ...]:
    """Who goes that way but does not sell it now, and why."""
    found = await quote_rows.off_sale(work.connection, work.tenant_id, command, rule.left_out_max)
    states = await quote_rows.provider_states(work.connection, work.tenant_id, {each.provider_id for each in found})
    limits = {
        id: await restriction_rows.limits(work.connection, work.tenant_id, id)
        for id in sorted({each.provider_id for each in found})
    }
    return tuple(
        LeftOut(
            each.provider_id,
            each.service_id,
            each.lane_id,
            each.mode,
            _why_off_sale(each, states[each.provider_id], limits[each.provider_id], work.at),
        )
        for each in found
    )


def _why_off_sale(lane: OffSale, state: ProviderState, limits: Collection[Limit], at: datetime) -> tuple[Finding, ...]:
    capability = Capability(Action.SELL, lane.mode, tuple(dict.fromkeys(lane.markets)), lane.lane_id)
    because = capabilities.because(state, limits, capability, at)
    if because and lane.service_state is ServiceState.LISTED:
        return because
    inputs = {"state": lane.service_state.value}
    return (*because, Finding("quote.service", False, "service_on_sale", inputs))


async def _locked(work: Work, id: QuoteId) -> Quote:
    """The quote, this transaction's. Refuses another party's with NotFound, and another version than expected."""
    quote = await quote_rows.lock(work.connection, work.tenant_id, id)
    if not quote.concerns(work.caller):
        raise NotFound("There is no such quote.")
    work.expect(quote)
    return quote
