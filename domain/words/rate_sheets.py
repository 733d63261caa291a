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
    "rate_line_minimum_is_money": (
        "The minimum of line {line} is an amount.",
        "Line {line}: the minimum {value!r} has more decimals than the currency, or is too large.",
    ),
    "rate_import_is_yours": ("Your role may do this.", "This is not for your role, or the import is another's."),
    "rate_import_is_reading": ("The file is being read.", "The import is {state}."),
}
