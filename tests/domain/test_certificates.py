"""Certificates: one spelling, one chain, and no altered file that verifies."""

import json
from datetime import UTC, date, datetime
from functools import cache
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import certificates, orders
from domain.certificates import Appendix, AppendixKind, Certificate, Note, Seal, Tail
from domain.ids import AppendixId, CertificateId, ShipmentId, TenantId
from storage.certificates import holds, key_of, sign, sign_with
from tests.domain.test_coverage import covered, guarantee, paid, version

AT = datetime(2026, 2, 1, 12, tzinfo=UTC)
SECRET = b"a secret of the tests, known to all of them"
SHIPMENT = ShipmentId.mint(1, 1)


@pytest.fixture(autouse=True)
def key() -> None:
    sign_with(SECRET)


def certified() -> Certificate:
    order = paid(date(2026, 3, 1))
    return certificates.certify(
        covered(order),
        order,
        guarantee(),
        version(),
        id=CertificateId.mint(1, 1),
        tenant_id=TenantId.mint(1, 1),
        sign=sign,
        at=AT,
    )


def appended(certificate: Certificate, *notes: Note) -> tuple[Appendix, ...]:
    numbers = count(1)
    tail = Tail(certificate.id, certificate.coverage_id, certificate.order_id, 0, certificate.hash)
    return certificates.append([tail], notes, mint=lambda: AppendixId.mint(1, next(numbers)), sign=sign, at=AT)


def file() -> str:
    certificate = certified()
    notes = [certificates.estimated(certificate.order_id, SHIPMENT, AT, None) for _ in range(3)]
    return certificates.file_of(certificate, appended(certificate, *notes))


@cache
def ours() -> str:
    """The one that SECRET signed."""
    return file()


def test_the_same_promise_has_the_same_document_byte_for_byte() -> None:
    first, second = certified(), certified()
    assert first == second
    assert first.document == certificates.canonical(json.loads(first.document))
    assert json.loads(first.document)["terms"]["hold_hours"] == 0


def test_appendices_are_a_chain_that_begins_at_the_certificate() -> None:
    certificate = certified()
    order = paid(date(2026, 3, 1))
    away = orders.change_address(order, "US", "digest", AT).after
    first, second = appended(
        certificate,
        certificates.address_changed(away),
        certificates.withdrawn(certificate.coverage_id, guarantee()),
    )
    assert (first.kind, first.sequence, first.previous_hash) == (AppendixKind.ADDRESS_CHANGED, 1, certificate.hash)
    assert (second.kind, second.sequence, second.previous_hash) == (
        AppendixKind.GUARANTEE_WITHDRAWN,
        2,
        first.hash,
    )
    assert appended(certificate, Note(SHIPMENT, AppendixKind.VOIDED)) == ()  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="IN_FORCE"):
        certificates.voided(covered(order))


def test_what_was_signed_verifies_by_its_key_and_by_no_other() -> None:
    own = key_of(SECRET).public_key
    verdict = certificates.verify(file(), holds, trusted=frozenset({own}))
    assert verdict.holds, verdict.sentence
    assert "3 appendices" in verdict.sentence
    other = key_of(b"another deployment's secret, as long").public_key
    assert not certificates.verify(file(), holds, trusted=frozenset({other})).holds
    assert certificates.verify(file(), holds).key_ids == (key_of(SECRET).id,)


def test_a_forger_with_a_key_of_his_own_is_found_by_the_trusted_key() -> None:
    own = key_of(SECRET).public_key
    sign_with(b"the forger's secret, which is as long")
    assert certificates.verify(file(), holds).holds
    assert not certificates.verify(file(), holds, trusted=frozenset({own})).holds


CHARACTERS = st.characters(exclude_categories=["Cs"])
"""All that UTF-8 can spell; found by their category, since trying each costs two seconds."""


@given(data=st.data())
def test_no_altered_character_of_any_text_verifies(data: st.DataObject) -> None:
    sign_with(SECRET)
    members = json.loads(ours())
    text = data.draw(st.sampled_from(members["texts"]))
    name = data.draw(st.sampled_from(sorted(text)))
    place = data.draw(st.integers(0, len(text[name]) - 1))
    here = text[name][place]
    other = data.draw(CHARACTERS.filter(lambda character: character != here))
    text[name] = text[name][:place] + other + text[name][place + 1 :]
    verdict = certificates.verify(json.dumps(members), holds)
    assert not verdict.holds


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9) | st.just("texts"), inner),
        max_leaves=20,
    )
)
def test_no_other_file_verifies_or_breaks_the_verifier(members: object) -> None:
    verdict = certificates.verify(json.dumps(members), holds)
    assert not verdict.holds


def test_a_text_has_one_spelling_only() -> None:
    members = json.loads(file())
    for name, end in (("signature", "=="), ("publicKey", "=")):
        text = members["texts"][0]
        body = text[name].removesuffix(end)
        for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
            if last != body[-1]:
                altered = {**text, name: body[:-1] + last + end}
                copy = {**members, "texts": [altered, *members["texts"][1:]]}
                assert not certificates.verify(json.dumps(copy), holds).holds


def test_what_is_no_text_is_no_certificate() -> None:
    members = json.loads(file())
    members["texts"][0]["document"] = "\ud800"
    assert not certificates.verify(json.dumps(members), holds).holds
    assert not certificates.verify("[" * 100_000, holds).holds


def test_a_seal_that_is_no_base64_does_not_hold() -> None:
    assert not holds(Seal("!", key_of(SECRET).id, "!"), b"hash")
