"""Rate sheets, rates and surcharges: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "rate_zone_is_named": (
        "Line {line} names a zone.",
        "Line {line}: a zone has 1 to {most} printable characters.",
    ),
    "rate_measure_fits_mode": (
        "Line {line} measures what the mode is sold by.",
        "Line {line}: {mode} is sold by {measures}, not by {measure}.",
    ),
    "rate_container_fits_measure": (
        "Line {line} names a container if and only if containers are counted.",
        "Line {line}: a type of container belongs to rates that count containers, and to those only.",
    ),
    "rate_bracket_is_a_range": (
        "The bracket of line {line} is a range.",
        "Line {line}: the bracket from {atLeast} to below {below} is none; it is half-open and counts from 0.",
    ),
    "rate_price_in_range": (
        "The price of line {line} is in range.",
        "Line {line}: a price and a minimum are from 0 to {most}, with at most {decimals} decimals.",
    ),
    "rate_in_sheet_currency": (
        "Line {line} is in the sheet's currency.",
        "Line {line}: every price of the sheet is in {currency}.",
    ),
    "rate_brackets_do_not_overlap": (
        "The bracket of line {line} overlaps no other.",
        "Line {line}: its bracket, from {atLeast} in zone {zone}, overlaps that of line {other}.",
    ),
    "rate_brackets_leave_no_gap": (
        "The bracket of line {line} follows on the one before.",
        "Line {line}: its bracket begins at {atLeast} in zone {zone}, but that of line {other} ends below {below}.",
    ),
    "surcharge_charges_one_way": (
        "Surcharge {surcharge} is a share or an amount, as it says.",
        (
            "Surcharge {surcharge}: a SHARE has basis points and no amount, every other charge an amount and no basis "
            "points; it is {charge}."
        ),
    ),
    "surcharge_amount_in_range": (
        "What surcharge {surcharge} takes is in range.",
        "Surcharge {surcharge}: it takes more than nothing, and at most ten times the freight.",
    ),
    "surcharge_in_sheet_currency": (
        "Surcharge {surcharge} is in the sheet's currency.",
        "Surcharge {surcharge}: every amount of the sheet is in {currency}.",
    ),
    "surcharge_time_is_a_range": (
        "The time of surcharge {surcharge} is a range.",
        "Surcharge {surcharge}: it ends before it begins.",
    ),
    "surcharge_says_when_due": (
        "Surcharge {surcharge} says when it is due.",
        (
            "Surcharge {surcharge}: PEAK needs a time, REMOTE_AREA areas (2,000 at most), OVERSIZE a weight or length: "
            "it is {kind}."
        ),
    ),
    "surcharge_has_no_other_condition": (
        "Surcharge {surcharge} has no condition of another kind.",
        (
            "Surcharge {surcharge}: areas are for REMOTE_AREA, classes for DANGEROUS_GOODS, weight and length for "
            "OVERSIZE; it is {kind}."
        ),
    ),
    "surcharge_is_due_once": (
        "Surcharge {surcharge} is due once at a time.",
        (
            "Surcharge {surcharge}: surcharge {other} is of the same kind ({kind}), charge and conditions, in the same "
            "zones at the same time."
        ),
    ),
    "rate_sheet_is_yours": (
        "Your role may do this.",
        "This is not for your role, or the rate sheet is another provider's.",
    ),
    "rate_sheet_is_draft": ("The rate sheet is a draft.", "The rate sheet is {state}: only a draft can change."),
    "rate_sheet_has_rates": (
        "The rate sheet has rates.",
        "The rate sheet has no rates: its file is still being read, or there was none.",
    ),
    "rate_sheet_validity_not_over": (
        "The rate sheet's validity is not over.",
        "The rate sheet's validity ended at {validUntil}.",
    ),
    "rate_sheet_alone_in_its_time": (
        "No other version is in force at that time.",
        "Version {number} is in force from {validFrom} to {validUntil}: name it as superseded, or choose another time.",
    ),
    "rate_sheet_of_this_service": (
        "The superseded version is of this service.",
        "The superseded version is no active one of this service.",
    ),
    "rate_file_is_csv": ("The file is CSV.", "The file is {type}: save it as CSV and upload that."),
    "rate_file_has_column": ("The file has the column {column}.", "The file has no column {column}."),
    "rate_file_column_once": ("The column {column} stands once.", "The column {column} stands more than once."),
    "rate_file_has_room": ("The file is not too long.", "Line {line}: a rate sheet has at most {most} rates."),
    "rate_file_has_rates": ("The file has rates.", "The file has no rates."),
    "rate_file_has_room_for_surcharges": (
        "The file has no more surcharges than a sheet may.",
        "Line {line}: a rate sheet has at most {most} surcharges, those that came with the call among them.",
    ),
    "rate_file_is_there": ("The file is there.", "The file's bytes cannot be found any more: upload it again."),
    "rate_line_not_too_long": ("Line {line} is not too long.", "Line {line}: a line has at most {most} characters."),
    "rate_line_is_text": (
        "Line {line} is text.",
        "Line {line}: it holds characters that are no printable text of UTF-8.",
    ),
    "rate_line_is_csv": ("Line {line} is a row of CSV.", "Line {line} is no row of the file: {reason}."),
    "rate_line_word_is_known": (
        "The {column} of line {line} is a known word.",
        "Line {line}: {column} is one of {words}, not {value!r}.",
    ),
    "rate_line_number_is_plain": (
        "The {column} of line {line} is a number.",
        "Line {line}: {column} is a number of plain digits with at most one point, not {value!r}.",
    ),
    "rate_line_bracket_is_whole": (
        "The {column} of line {line} can be kept.",
        "Line {line}: {column} is too fine or too large: {value!r} (a unit has {fine} parts).",
    ),
    "rate_line_cell_belongs": (
        "The {column} of line {line} belongs to its sort of line.",
        "Line {line}: {column} ({value!r}) belongs to the other sort of line; a surcharge names its kind, a rate none.",
    ),
    "rate_line_time_is_one": (
        "The {column} of line {line} is a day or an instant.",
        (
            "Line {line}: {column} is a day such as 2026-11-01 or an instant such as 2026-11-01T06:00:00Z, "
            "not {value!r}."
        ),
    ),
    "rate_line_area_is_one": (
        "The {column} of line {line} are areas.",
        (
            "Line {line}: {value!r} is no area ({count} in all): a country (NO), a region (NO-21), a place (NOLYR) or "
            "a postal prefix (US~995)."
        ),
    ),
    "rate_line_minimum_is_money": (
        "The minimum of line {line} is an amount.",
        "Line {line}: the minimum {value!r} has more decimals than the currency, or is too large.",
    ),
    "rate_import_is_yours": ("Your role may do this.", "This is not for your role, or the import is another's."),
    "rate_import_is_reading": ("The file is being read.", "The import is {state}."),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "rate_zone_is_named": ("第 {line} 行有分区名。", "第 {line} 行：分区名须为 1 至 {most} 个可打印字符。"),
    "rate_measure_fits_mode": (
        "第 {line} 行的计量单位符合该运输方式。",
        "第 {line} 行：{mode} 按 {measures} 计价，不按 {measure} 计价。",
    ),
    "rate_container_fits_measure": (
        "第 {line} 行当且仅当按集装箱计价时注明箱型。",
        "第 {line} 行：箱型只用于且必须用于按集装箱计价的费率。",
    ),
    "rate_bracket_is_a_range": (
        "第 {line} 行的档位是有效区间。",
        "第 {line} 行：从 {atLeast} 到小于 {below} 的档位无效；档位为左闭右开区间，从 0 起计。",
    ),
    "rate_price_in_range": (
        "第 {line} 行的价格在范围内。",
        "第 {line} 行：价格和最低收费须为 0 至 {most}，最多 {decimals} 位小数。",
    ),
    "rate_in_sheet_currency": ("第 {line} 行的币种与价目表一致。", "第 {line} 行：价目表的所有价格须为 {currency}。"),
    "rate_brackets_do_not_overlap": (
        "第 {line} 行的档位不与其他档位重叠。",
        "第 {line} 行：其档位（分区 {zone}，自 {atLeast} 起）与第 {other} 行重叠。",
    ),
    "rate_brackets_leave_no_gap": (
        "第 {line} 行的档位与上一档相接。",
        "第 {line} 行：其档位（分区 {zone}）自 {atLeast} 起，而第 {other} 行的档位止于 {below} 之前。",
    ),
    "surcharge_charges_one_way": (
        "附加费 {surcharge} 按其说明为比例或金额。",
        "附加费 {surcharge}：SHARE 有基点而无金额，其他收费方式有金额而无基点；当前为 {charge}。",
    ),
    "surcharge_amount_in_range": (
        "附加费 {surcharge} 的收费在范围内。",
        "附加费 {surcharge}：收费须大于零，且不超过运费的十倍。",
    ),
    "surcharge_in_sheet_currency": (
        "附加费 {surcharge} 的币种与价目表一致。",
        "附加费 {surcharge}：价目表的所有金额须为 {currency}。",
    ),
    "surcharge_time_is_a_range": ("附加费 {surcharge} 的时间是有效区间。", "附加费 {surcharge}：结束早于开始。"),
    "surcharge_says_when_due": (
        "附加费 {surcharge} 注明了收取条件。",
        (
            "附加费 {surcharge}：PEAK 须有时间，REMOTE_AREA 须有地区（最多 2,000 个），OVERSIZE 须有重量或长度；"
            "当前为 {kind}。"
        ),
    ),
    "surcharge_has_no_other_condition": (
        "附加费 {surcharge} 没有其他种类的条件。",
        (
            "附加费 {surcharge}：地区用于 REMOTE_AREA，类别用于 DANGEROUS_GOODS，重量和长度用于 OVERSIZE；"
            "当前为 {kind}。"
        ),
    ),
    "surcharge_is_due_once": (
        "附加费 {surcharge} 在同一时间只收取一次。",
        "附加费 {surcharge}：附加费 {other} 的种类（{kind}）、收费方式和条件相同，分区和时间重叠。",
    ),
    "rate_sheet_is_yours": ("您的角色可以执行此操作。", "您的角色不能执行此操作，或该价目表属于其他服务商。"),
    "rate_sheet_is_draft": ("价目表为草稿。", "价目表状态为 {state}：只有草稿可以更改。"),
    "rate_sheet_has_rates": ("价目表有费率。", "价目表没有费率：文件仍在读取，或没有文件。"),
    "rate_sheet_validity_not_over": ("价目表的有效期未过。", "价目表的有效期已于 {validUntil} 结束。"),
    "rate_sheet_alone_in_its_time": (
        "该时段没有其他生效版本。",
        "版本 {number} 自 {validFrom} 至 {validUntil} 生效：请指明取代该版本，或选择其他时段。",
    ),
    "rate_sheet_of_this_service": ("被取代的版本属于该服务。", "被取代的版本不是该服务的生效版本。"),
    "rate_file_is_csv": ("文件为 CSV。", "文件类型为 {type}：请另存为 CSV 后上传。"),
    "rate_file_has_column": ("文件有 {column} 列。", "文件没有 {column} 列。"),
    "rate_file_column_once": ("{column} 列只出现一次。", "{column} 列出现多次。"),
    "rate_file_has_room": ("文件行数未超限。", "第 {line} 行：一份价目表最多 {most} 条费率。"),
    "rate_file_has_rates": ("文件有费率。", "文件没有费率。"),
    "rate_file_has_room_for_surcharges": (
        "文件的附加费不超过价目表的上限。",
        "第 {line} 行：一份价目表最多 {most} 项附加费，包括随调用提交的附加费。",
    ),
    "rate_file_is_there": ("文件存在。", "找不到文件内容，请重新上传。"),
    "rate_line_not_too_long": ("第 {line} 行长度未超限。", "第 {line} 行：每行最多 {most} 个字符。"),
    "rate_line_is_text": ("第 {line} 行为文本。", "第 {line} 行：含有非 UTF-8 可打印文本的字符。"),
    "rate_line_is_csv": ("第 {line} 行为有效的 CSV 行。", "第 {line} 行不是文件的有效行：{reason}。"),
    "rate_line_word_is_known": (
        "第 {line} 行的 {column} 为已知词。",
        "第 {line} 行：{column} 须为 {words} 之一，不能为 {value!r}。",
    ),
    "rate_line_number_is_plain": (
        "第 {line} 行的 {column} 为数字。",
        "第 {line} 行：{column} 须为仅含数字且最多一个小数点的数，不能为 {value!r}。",
    ),
    "rate_line_bracket_is_whole": (
        "第 {line} 行的 {column} 可以保存。",
        "第 {line} 行：{column} 过细或过大：{value!r}（一个单位分为 {fine} 份）。",
    ),
    "rate_line_cell_belongs": (
        "第 {line} 行的 {column} 属于该类行。",
        "第 {line} 行：{column}（{value!r}）属于另一类行；附加费行须注明种类，费率行则不注明。",
    ),
    "rate_line_time_is_one": (
        "第 {line} 行的 {column} 为日期或时刻。",
        "第 {line} 行：{column} 须为日期（如 2026-11-01）或时刻（如 2026-11-01T06:00:00Z），不能为 {value!r}。",
    ),
    "rate_line_area_is_one": (
        "第 {line} 行的 {column} 为地区。",
        (
            "第 {line} 行：{value!r} 不是地区（共 {count} 处）：须为国家（NO）、地区（NO-21）、地点（NOLYR）"
            "或邮编前缀（US~995）。"
        ),
    ),
    "rate_line_minimum_is_money": (
        "第 {line} 行的最低收费为有效金额。",
        "第 {line} 行：最低收费 {value!r} 的小数位数超出币种允许的位数，或金额过大。",
    ),
    "rate_import_is_yours": ("您的角色可以执行此操作。", "您的角色不能执行此操作，或该导入属于他人。"),
    "rate_import_is_reading": ("正在读取文件。", "导入状态为 {state}。"),
}
