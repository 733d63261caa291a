"""The sentences of findings: what a person reads where a client branches on the reason's code.

A reason is neutral: it names a question, and its finding says whether the answer is yes. So each reason has two
sentences, for yes and for no, in the file of its noun. `{name}` stands for an input of the finding; a name that a
finding lacks, or that has no value, reads as a dash. Rules count in basis points, people read percent.

Laws: every reason that code gives has its two sentences in every locale (`tests/domain/test_words.py` reads the syntax
trees), and a sentence has the same places in each; a reason that is unknown here, from a tree stored by another
release, reads as its own code. Codes, names and instants that fill places stay as they are in every locale.

The trade's words in Chinese, so that a word is said the same way in every file:
buyer 买家, supplier 供应商, provider 服务商, marketplace 平台, desk 平台客服, staff 平台工作人员, liable party 责任方;
order 订单, line 订单行, shipment 货件, leg 运段, quote 报价, booking 预订, service 服务, lane 线路,
service point 服务网点, rate sheet 价目表, rate 费率, zone 分区, bracket 档位, surcharge 附加费;
guarantee 保障, cover 订单保障, promise 承诺, claim 索赔, reason to claim 索赔理由, to grant 支持, to deny 驳回,
compensation 赔偿, coupon 优惠券, refund 退款; tier 等级, evidence for a tier 证明材料, evidence in a claim 证据;
requirement 要求, application 申请, deposit 保证金, restriction 限制, to suspend 暂停, exit 退出, bar 禁入,
related account 关联账户; points 扣分, measure 处置措施, strike 违规; duty 义务, clock 计时, hold 暂停,
rule 规则, version 版本; minor unit 最小货币单位, basis point 基点.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from domain.explain import Finding, Input
from domain.locales import Locale
from domain.words import (
    appeals,
    buyers,
    capabilities,
    carrier_claims,
    chargebacks,
    claims,
    clocks,
    coupons,
    deposits,
    desk,
    evidence,
    guarantees,
    holds,
    insurance,
    ledger,
    legs,
    listings,
    measures,
    membership_choices,
    messages,
    onboarding,
    orders,
    party_statements,
    penalties,
    points,
    quotes,
    rate_sheets,
    records,
    recoveries,
    reimbursements,
    relations,
    remedies,
    returns,
    rules,
    scorecards,
    service_points,
    service_requests,
    services,
    suppliers,
    uploads,
)
from domain.words.sentences import Sentences

NOUNS: Final = (
    appeals,
    buyers,
    capabilities,
    carrier_claims,
    chargebacks,
    claims,
    clocks,
    coupons,
    deposits,
    desk,
    evidence,
    guarantees,
    holds,
    insurance,
    ledger,
    legs,
    listings,
    measures,
    membership_choices,
    messages,
    onboarding,
    orders,
    party_statements,
    penalties,
    points,
    quotes,
    rate_sheets,
    records,
    recoveries,
    reimbursements,
    relations,
    remedies,
    returns,
    rules,
    scorecards,
    service_points,
    service_requests,
    services,
    suppliers,
    uploads,
)
"""The files of this folder. A new noun is a file with its tables `ENGLISH` and `CHINESE`, and a name here."""


def _gathered(tables: Iterable[Mapping[str, Sentences]]) -> Mapping[str, Sentences]:
    """All tables as one. Refuses a reason that two of them word."""
    gathered: dict[str, Sentences] = {}
    for table in tables:
        assert gathered.keys().isdisjoint(table), gathered.keys() & table.keys()
        gathered |= table
    return gathered


ENGLISH: Final = _gathered(noun.ENGLISH for noun in NOUNS)
CHINESE: Final = _gathered(noun.CHINESE for noun in NOUNS)

CATALOGUE: Final[Mapping[Locale, Mapping[str, Sentences]]] = {Locale.EN: ENGLISH, Locale.ZH: CHINESE}
"""Locale -> reason -> its sentences. A new language is a member of Locale and a table here; the test says the rest."""


IN_BASIS_POINTS: Final = frozenset({"shareBp", "targetBp", "basisPoints", "shares"})
"""The inputs that sentences tell in percent: numbers, and in `shares` every number of a text."""


def percent(basis_points: int) -> str:
    """Basis points as people say them: 1000 is "10 %", 250 is "2.5 %"."""
    whole, part = divmod(abs(basis_points), 100)
    decimals = f".{part:02}".rstrip("0") if part else ""
    return f"{'-' if basis_points < 0 else ''}{whole}{decimals} %"


def _in_percent(value: Input) -> Input:
    return re.sub(r"-?\d+", lambda number: percent(int(number[0])), str(value))


class _Inputs(dict[str, Input]):
    """A finding's inputs that have a value; one that is asked for and has none reads as a dash."""

    def __missing__(self, name: str) -> str:
        return "—"


def sentence(finding: Finding, locale: Locale = Locale.EN) -> str:
    """What the finding says, in that language: its own sentence, not those of the findings beneath it."""
    known = CATALOGUE[locale].get(finding.reason)
    if known is None:
        return finding.reason
    told = _Inputs({name: value for name, value in finding.inputs.items() if value is not None})
    for name in IN_BASIS_POINTS & told.keys():
        told[name] = _in_percent(told[name])
    return known[0 if finding.holds else 1].format_map(told)


assert CATALOGUE.keys() == set(Locale)
