"""Bulk decisions: many claims decided alike, first as a preview and then exactly as previewed.

How it works. Each claim is decided by the very operation that decides one, within a part of the transaction that can be
undone by itself. A preview undoes every part and seals what each came to, versions included, into a token; with the
token each part stays only if it comes to the same again. So a preview cannot differ from what it previews.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from api.operations import claims as claim_operations
from domain import access, desk, explain
from domain.claims import Claim, DecideClaim
from domain.desk import CLAIMS_MAX, DecideClaims, DecisionEffect
from domain.errors import Invalid, Problem, Refusal, Refused
from domain.explain import Finding
from domain.ids import ClaimId
from domain.words import refusals
from storage import claims as claim_rows
from storage import decisions as decision_rows
from storage import saved_filters as filter_rows
from storage.unit_of_work import Outcome, Work
from storage.views.claims import CLAIM

Effect = dict[str, Any]
"""What a decision does to a claim, in JSON's own types."""


class _Undone(Refusal):
    """Nothing is wrong: it was only to be seen what would happen."""

    def __init__(self, effect: Effect) -> None:
        super().__init__("undone")
        self.effect = effect


async def decide_claims(work: Work, command: DecideClaims) -> Outcome:
    """Each claim is decided, proposed or refused; or, as a dry run, is as it was and it is told what would happen.

    Refuses (Invalid) no claims, more than a hundred, and a token that is not of this caller's preview of this decision.
    """
    access.require(work.caller, "decideClaims")
    promised = None if command.dry_run else _promised(work, command)
    ids = await _chosen(work, command) if promised is None else list(promised)
    await claim_rows.lock_orders(work.connection, work.tenant_id, ids)
    effects = [await _decided(work, command, id, promised) for id in ids]
    return Outcome({"claims": tuple(ids)}, {"results": effects, "previewToken": _token(work, command, effects)})


async def _chosen(work: Work, command: DecideClaims) -> list[ClaimId]:
    """The claims that are asked for."""
    if (command.saved_filter_id is None) == (not command.claim_ids):
        raise Invalid(Problem(("claimIds",), "Name either claims or a saved filter."))
    if len(command.claim_ids) > CLAIMS_MAX:
        raise Invalid(Problem(("claimIds",), f"At most {CLAIMS_MAX} claims are decided at once."))
    if command.saved_filter_id is None:
        return list(command.claim_ids)
    saved = await filter_rows.get(work.connection, work.tenant_id, command.saved_filter_id)
    found = await filter_rows.claims_of(work.connection, work.caller, CLAIM, saved, CLAIMS_MAX)
    if not found:
        raise Invalid(Problem(("savedFilterId",), "The saved filter finds no claim."))
    return found


def _promised(work: Work, command: DecideClaims) -> Mapping[ClaimId, str]:
    """What the preview of the token showed, by claim. Refuses another caller's, and that of another decision."""
    if command.token is None:
        raise Invalid(Problem(("previewToken",), "Preview the decision first: it gives the token."))
    seal, effects = desk.effects_of(command.token)
    if work.digest(_text(work, command, effects)) != seal:
        raise Invalid(Problem(("previewToken",), "is not of your preview of this decision"))
    if command.claim_ids and set(command.claim_ids) != effects.keys():
        raise Invalid(Problem(("claimIds",), "are not those of the preview"))
    return effects


def _token(work: Work, command: DecideClaims, effects: Sequence[Effect]) -> str | None:
    """The token of a preview in which something would happen."""
    would = {
        ClaimId(effect["claim"]): desk.fingerprint(effect)
        for effect in effects
        if effect["effect"] != DecisionEffect.REFUSED.value
    }
    if not command.dry_run or not would:
        return None
    text = _text(work, command, would)
    return desk.token_of(text, work.digest(text))


def _text(work: Work, command: DecideClaims, effects: Mapping[ClaimId, str]) -> str:
    return desk.preview_text(work.caller.actor_id, command.outcome, command.note, effects)


async def _decided(work: Work, command: DecideClaims, id: ClaimId, promised: Mapping[ClaimId, str] | None) -> Effect:
    """What became, or would become, of the claim."""
    try:
        async with work.attempt():
            before = await claim_rows.get(work.connection, work.tenant_id, id)
            await claim_operations.decide_claim(work, DecideClaim(id, command.outcome, command.note))
            after = await claim_rows.get(work.connection, work.tenant_id, id)
            effect = _effect(before, after)
            if promised is None:
                raise _Undone({**effect, "tree": await _tree(work, after)})
            if desk.fingerprint(effect) != promised[id]:
                finding = Finding("claim.preview", False, "decision_as_previewed")
                raise Refused("claim.preview", "It is not any more as it was previewed.", (finding,))
    except _Undone as undone:
        return undone.effect
    except Refusal as refusal:
        return _refused(id, refusal)
    return effect


async def _tree(work: Work, after: Claim) -> Effect | None:
    """Why the claim would be decided so, which nothing would tell once it is undone; a proposal explains nothing."""
    if after.decision_id is None or after.proposal_id is not None:
        return None
    return _shown(await decision_rows.tree(work.connection, work.tenant_id, after.decision_id))


def _shown(finding: Finding) -> Effect:
    """The finding for the engine, as an outcome is kept."""
    return {"__typename": "Finding", **explain.plain(finding)}


def _effect(before: Claim, after: Claim) -> Effect:
    proposed = after.proposal_id is not None
    return {
        "claim": str(before.id),
        "version": before.version,
        "effect": (DecisionEffect.PROPOSED if proposed else DecisionEffect.DECIDED).value,
        "amount": {"amount": str(after.amount.amount), "currency": after.amount.currency},
        "shares": [
            {"bearer": bearer, "basisPoints": parts} for bearer, parts in ({} if proposed else after.shares).items()
        ],
        "because": [],
        "message": None,
        "tree": None,
    }


def _refused(id: ClaimId, refusal: Refusal) -> Effect:
    because = refusal.unmet if isinstance(refusal, Refused) else ()
    return {
        "claim": str(id),
        "version": None,
        "effect": DecisionEffect.REFUSED.value,
        "amount": None,
        "shares": [],
        "because": [_shown(finding) for finding in because],
        "message": refusals.as_sentence(refusal.message),
        "tree": None,
    }
