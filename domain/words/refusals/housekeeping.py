"""Refusals of the platform itself: twins and repeats, files, documents, tenants, processors, rules as data."""

from typing import Final

CHINESE: Final[dict[str, str]] = {
    # twins and repeats
    "It changed in the meantime; read it again.": "其间已有变更，请重新读取。",
    "It is at version {}, not {}: it changed since you read it.": "当前版本是 {}，不是 {}：您读取之后已有变更。",
    "Somebody else is changing the same thing just now; try again.": "正有人在更改同一对象，请重试。",
    "This idempotency key was used for a call with other input.": "该幂等键已用于输入不同的调用。",
    "The same call is still running; ask again for its outcome.": "同一调用仍在进行，请稍后再查结果。",
    "It is done, but could not be read afterwards: {}. Do not repeat it; read it again.": (
        "已完成，但之后未能读取：{}。请勿重复调用，请重新读取。"
    ),
    "Text must not contain the character NUL.": "文本不得包含 NUL 字符。",
    # texts and numbers of an input
    "At most {} characters.": "最多 {} 个字符。",
    "1 to {} characters.": "1 至 {} 个字符。",
    "Something must be said here.": "此处必须填写内容。",
    "A whole number from {} to {}.": "{} 至 {} 的整数。",
    "a key is made of lower-case words and slashes, like guarantees/on_time.": (
        "规则键由小写单词和斜杠组成，例如 guarantees/on_time。"
    ),
    "An amount above zero.": "大于零的金额。",
    "Zero or more.": "零或以上。",
    "must not be negative": "不得为负。",
    "is past": "已过去。",
    "Give either `first` or `last`.": "请给出 `first` 或 `last` 其中之一。",
    "This list did not give that cursor.": "该游标不是由此列表给出的。",
    # files
    "There is no such upload.": "没有这个上传文件。",
    "There is no such file.": "没有这个文件。",
    "Too many uploads are open: confirm or forget some first.": "未完成的上传过多：请先确认或放弃一些。",
    "This upload takes no bytes any more.": "该上传已不再接收数据。",
    "The upload cannot be used for this.": "该上传文件不能用于此处。",
    "1 to {} printable characters, not only dots.": "1 至 {} 个可打印字符，不能只有点。",
    "A name, not a path: without slashes.": "须是文件名而不是路径：不含斜杠。",
    "1 to {} bytes.": "1 至 {} 字节。",
    "64 lower-case hexadecimal digits: the SHA-256 of the file.": "64 位小写十六进制数字：文件的 SHA-256。",
    "A file of kind {} is one of {}.": "{} 类文件须是以下之一：{}。",
    # documents, tenants, processors, messages
    "A document holds at least one operation.": "文档至少包含一个操作。",
    "A document has at most {} bytes.": "文档最多 {} 字节。",
    "The same document was published just now; it is known.": "相同的文档刚刚发布，已存在。",
    "{} governs already.": "{} 已在适用。",
    "The processor is revoked: register it anew.": "该支付处理方已被撤销：请重新登记。",
    "The party has had this message already.": "该方已收到此消息。",
    "{} is not possible now": "现在无法执行 {}。",
    # rules as data
    "a rule about {} lies in {}": "关于 {} 的规则放在 {}。",
    "a rule set brings at least one example case": "规则集至少带一个示例。",
    "a version is given its number when it is published": "版本号在发布时给出。",
    "no version of {} is in force at {}": "{1} 没有生效的 {0} 版本。",
    "no source": "没有出处。",
    "no such member": "没有这个成员。",
    "missing": "缺失。",
    "expected a table of members": "应为成员表。",
    "expected a list": "应为列表。",
    "expected a table": "应为表。",
    "expected one of {}": "应为以下之一：{}。",
    "expected a whole number from {} to {}": "应为 {} 至 {} 的整数。",
    "expected {}": "应为 {}。",
    "expected {}: {}": "应为 {}：{}。",
    "this text of {} is already published": "{} 的这份文本已发布。",
    "No rule set {} is shipped.": "没有随附的规则集 {}。",
    "{} {} says what is shipped already.": "{} {} 已与随附内容相同。",
    "{} cannot be published like this": "{} 不能这样发布。",
    "version {} of {} cannot be withdrawn": "不能撤回 {1} 的版本 {0}。",
    "a shipped rule set fails its own cases": "随附的规则集未通过自己的示例。",
    "a rule set has at most {} characters": "规则集最多 {} 个字符。",
    "not TOML: {}": "不是 TOML：{}。",
    "Somebody else published a version of this rule just now.": "刚刚有人发布了该规则的一个版本。",
    "Another version of this rule is in force at that time.": "那时有该规则的另一版本生效。",
}
