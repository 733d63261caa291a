"""Promises and what breaking them costs (`domain.md` 2.1, 2.4, 2.12, 6.5).

Words live here, numbers in `storage/rulebook/guarantees/`. A promise is a member of `Promise` and a row of `BREACHES`:
the type of its terms, its window, and the pure function that judges recorded facts by them.

Laws: an order is judged by the version in force when it was paid, whose numbers are frozen into its cover; the same
facts give the same tree, byte for byte.
"""

from domain.guarantees.after_sales import (
    AfterSalesTerms,
    Limit,
    judge_after_sales,
    service_deadlines,
    service_kept,
)
from domain.guarantees.breaches import (
    BREACHES,
    BY_TERMS,
    THAWED_MAX,
    Breach,
    Terms,
    admission,
    after_sales_terms,
    closes_at,
    compensation_of,
    freeze,
    judge,
    needs_rate,
    on_time_terms,
    opens_at,
    promise_of,
    rated_at,
    terms_of,
    thaw,
    unmet_on_time,
    window,
)
from domain.guarantees.easy_return import EasyReturnTerms
from domain.guarantees.facts import ComplaintFacts, LineFacts, OrderFacts, ServiceFacts
from domain.guarantees.fair_dealing import FairDealingTerms
from domain.guarantees.judging import EXCLUSIONS, Judgement, divided, exclusions
from domain.guarantees.loss_damage import LossDamageTerms
from domain.guarantees.money_back import MoneyBackTerms
from domain.guarantees.on_time import BASES, OnTimeTerms, arrival, automatic_after, judge_on_time, late
from domain.guarantees.price_lock import PriceLockTerms
from domain.guarantees.promises import DEADLINES, Base, Complaint, Exclusion, Milestone, Promise, ServiceKind, Unit

__all__ = [
    "BASES",
    "BREACHES",
    "BY_TERMS",
    "DEADLINES",
    "EXCLUSIONS",
    "THAWED_MAX",
    "AfterSalesTerms",
    "Base",
    "Breach",
    "Complaint",
    "ComplaintFacts",
    "EasyReturnTerms",
    "Exclusion",
    "FairDealingTerms",
    "Judgement",
    "Limit",
    "LineFacts",
    "LossDamageTerms",
    "Milestone",
    "MoneyBackTerms",
    "OnTimeTerms",
    "OrderFacts",
    "PriceLockTerms",
    "Promise",
    "ServiceFacts",
    "ServiceKind",
    "Terms",
    "Unit",
    "admission",
    "after_sales_terms",
    "arrival",
    "automatic_after",
    "closes_at",
    "compensation_of",
    "divided",
    "exclusions",
    "freeze",
    "judge",
    "judge_after_sales",
    "judge_on_time",
    "late",
    "needs_rate",
    "on_time_terms",
    "opens_at",
    "promise_of",
    "rated_at",
    "service_deadlines",
    "service_kept",
    "terms_of",
    "thaw",
    "unmet_on_time",
    "window",
]
