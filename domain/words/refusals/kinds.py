"""Refusals of ids that lead nowhere: what each kind of thing is called, where no sentence of its own says it better."""

import re
from collections.abc import Mapping
from typing import Final

from domain import ids

NOUNS: Final[dict[str, str]] = {
    "decision": "决定",
    "rule version": "规则版本",
    "clock": "计时",
    "event": "事件",
    "audit": "审计记录",
    "document": "文档",
    "clock hold": "计时暂停",
    "held clock": "暂停的计时",
    "appeal round": "申诉轮次",
    "claim note": "索赔备注",
    "proposal": "裁定提议",
    "evidence": "证据",
    "evidence file": "证据文件",
    "evidence request": "证据要求",
    "evidence mark": "证据标记",
    "parcel report": "包裹报告",
    "return line": "退货行",
    "claim line": "索赔行",
    "claim offer": "索赔提议",
    "claim offer line": "索赔提议行",
    "claim contact": "索赔联系",
    "scan dispute": "扫描异议",
    "redemption": "兑换",
    "payout": "付款",
    "party payment": "当事方付款",
    "invoice": "账单",
    "invoice line": "账单行",
    "transfer": "转账",
    "deposit": "保证金",
    "deposit movement": "保证金变动",
    "chargeback notice": "拒付通知",
    "chargeback event": "拒付事件",
    "evidence pack": "材料包",
    "points entry": "扣分条目",
    "points movement": "扣分变动",
    "measure": "处置措施",
    "counted item": "计数项目",
    "party counter": "当事方计数",
    "refund": "退款",
    "exposure": "风险敞口",
    "exposure movement": "风险敞口变动",
    "insurance payment": "保险赔付",
    "reimbursement": "偿还款",
    "membership choice": "方案选择",
    "goodwill": "善意给付",
    "carrier payment": "承运商付款",
    "key": "密钥",
    "restriction": "限制",
    "bar": "禁入",
    "exit": "退出",
    "bundle": "组合",
    "requirement item": "要求材料",
    "relation": "关联",
    "tier review": "等级审核",
    "tier evidence": "等级证明材料",
    "tier sweep": "等级评定",
    "membership": "会员方案",
    "card receipt": "银行卡收款",
    "protection period": "保护期",
    "processor": "支付处理方",
    "exchange rate": "汇率",
    "order line": "订单行",
    "tracking event": "运踪报告",
    "waiting event": "待认领的报告",
    "message": "消息",
    "rate": "费率",
    "surcharge": "附加费",
    "rate import": "费率导入",
    "rate reject": "被拒费率",
    "listing flag": "服务标记",
    "charge check": "费用核对",
    "quote request": "询价",
    "certificate": "证书",
    "appendix": "附录",
    "service level": "服务水平",
    "service visit": "上门服务",
    "service part": "配件",
}
"""What an id is an id of (`kind_in_words`), and what that is called."""

CHINESE: Final[dict[str, str]] = {f"There is no such {kind}.": f"没有这个{noun}。" for kind, noun in NOUNS.items()}


def kind_in_words(id: str) -> str:
    """What the id is an id of, as people say it: `clm_…` is a `claim`, `ccl_…` a `carrier claim`."""
    words_ = re.findall("[A-Z][a-z]*", ids.kind_of(id).__name__.removesuffix("Id"))
    return SAID.get(" ".join(words_).lower(), " ".join(words_).lower())


SAID: Final[Mapping[str, str]] = {"coverage": "cover", "goods return": "return", "api key": "key"}
"""Kinds of ids that people call otherwise."""
