"""Refusals of how something is spelled: ids, amounts, places, hours, numbers in registers."""

from typing import Final

CHINESE: Final[dict[str, str]] = {
    "such an id is {}_ and {} characters": "此类编号为 {}_ 加 {} 个字符。",
    "the amount is beyond 64 bits of minor units": "金额超出 64 位最小货币单位。",
    "the amount is not a number": "金额不是数字。",
    "{} has {} decimals": "{} 有 {} 位小数。",
    "degrees have at most {} decimals": "度数最多 {} 位小数。",
    "a latitude lies between -90 and 90 degrees": "纬度在 -90 至 90 度之间。",
    "a longitude lies between -180 and 180 degrees": "经度在 -180 至 180 度之间。",
    "an area is narrowed down by a region, a place or a postal prefix, not by several": (
        "区域只能用地区、地点或邮编前缀其中之一限定。"
    ),
    "a country is two capital letters of ISO 3166-1": "国家为 ISO 3166-1 的两个大写字母。",
    "a region of {} is spelled as in ISO 3166-2, such as US-CA": "{} 的地区按 ISO 3166-2 书写，例如 US-CA。",
    "a place in {} is spelled as in UN/LOCODE, such as CNSHA": "{} 的地点按 UN/LOCODE 书写，例如 CNSHA。",
    "a postal code has 1 to {} letters and digits; a prefix has no blanks or hyphens": (
        "邮编为 1 至 {} 个字母和数字；前缀不含空格或连字符。"
    ),
    "{} is no time zone": "{} 不是时区。",
    "a time of day is 00:00 to 24:00": "时刻为 00:00 至 24:00。",
    "a span ends after it begins, on the same day": "时段在同一天内，结束晚于开始。",
    "opening hours are spelled MON 08:00-17:30": "营业时间写作 MON 08:00-17:30。",
    "a number of 1 to {} printable characters is expected": "应为 1 至 {} 个可打印字符的号码。",
    "the check digit of this {} is wrong": "该 {} 的校验位有误。",
    "this has not the length of {}, such as {}": "长度与 {} 不符，例如 {}。",
    "this is not spelled like {}, such as {}": "不符合 {} 的书写方式，例如 {}。",
    "a bracket is kept in whole {}ths of a unit, up to {}": "档位以单位的 {} 分之一为整数保存，最大 {}。",
    "a number is at most {} plain digits with a point": "数字最多为 {} 位普通数字，可带小数点。",
}
