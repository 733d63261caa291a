"""What is wrong with a payment that somebody reports: all of it at once, where the client wrote it."""

from datetime import UTC, datetime, timedelta

import pytest

from domain import reported_payments, texts
from domain.money import Money
from domain.reported_payments import PaidFor

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
BEGAN = AT - timedelta(days=10)
SUBJECT = PaidFor("USD", BEGAN)


def told(
    reference: str = "PAY-1", amount: Money | None = None, paid_at: datetime = AT
) -> list[tuple[tuple[str, ...], str]]:
    """What is wrong with that report, by default with a flawless one."""
    problems = reported_payments.problems(reference, amount or Money(1, "USD"), paid_at, SUBJECT, AT)
    return [(problem.field, problem.message) for problem in problems]


def test_a_payment_may_be_as_old_as_what_it_is_for_and_as_new_as_now() -> None:
    assert told() == []
    assert told(paid_at=BEGAN) == []


def test_everything_wrong_is_told_at_once() -> None:
    assert told(" ", Money(0, "EUR"), BEGAN - timedelta(microseconds=1)) == [
        (("reference",), "1 to 100 printable characters."),
        (("amount", "currency"), "What is paid for is in USD."),
        (("amount", "amount"), "A payment is more than nothing."),
        (("paidAt",), "What is paid for began at 2026-05-22T12:00:00Z, after that."),
    ]
    assert told(paid_at=AT + timedelta(microseconds=1)) == [(("paidAt",), "A payment is not made in the future.")]


def test_a_report_may_call_its_fields_otherwise() -> None:
    found = reported_payments.problems("", Money(1, "USD"), AT, SUBJECT, BEGAN, fields=("paymentReference", "came"))
    assert [problem.field for problem in found] == [("paymentReference",), ("came",)]


@pytest.mark.parametrize(
    ("text", "fine"),
    [("x", True), ("x" * 100, True), ("a b", True), ("", False), ("  ", False), ("x" * 101, False), ("a\nb", False)],
)
def test_a_reference_is_one_printable_line(text: str, fine: bool) -> None:
    assert (not list(texts.reference_problems(text, "reference"))) is fine
