"""Appeals: whoever a decision or measure is against may ask for a second look, once (`domain.md` 6.10, B19).

Theory of operation (one row of `MOVES` per action):

    DRAFT -file (appellant)-> FILED -admit (staff, or their silence)-> ADMISSIBLE;  -dismiss (staff)-> INADMISSIBLE
    ADMISSIBLE -take (staff)-> UNDER_REVIEW -ask (reviewer)-> INFO_REQUESTED -answer, or silence-> UNDER_REVIEW
    UNDER_REVIEW -decide (reviewer), or the platform's silence-> UPHELD | OVERTURNED | PARTLY -> FINAL

What can be appealed is a table of subject kinds (`SUBJECTS`): each has its effects, and each effect is undone by itself
through the noun that brought it about; what is not undone stays as it was. Points are suspended while they are
appealed, except for fraud (`domain/points.py`).

The other side of a decision between two knows that an appeal runs and may say once what it thinks of it (`response`);
it never reads the appellant's words. Both sides may appeal one decision, each once and each by itself.

The urgent channel (6.10, A7): a party in good standing that appeals a grave measure before it has effect is heard in
shorter time, and the measure waits for the outcome for as long as the party answers in time (`stays`).

Laws: each side appeals a decision at most once; the reviewer is never who decided first; every deadline is fixed when
its clock starts, and later by exactly as long as the appellant was asked; what an appeal changed is explained effect by
effect, and an appeal that is final is never opened again.
"""

from domain.appeals.appeal import (
    ENDED,
    MOVES,
    RUNNING,
    UPLOADS_MAX,
    WITH_STAFF,
    WORK_TO_DO,
    AmendAppeal,
    AnswerAppealRequest,
    Appeal,
    AppealAction,
    AppealRound,
    AppealState,
    Content,
    DecideAppeal,
    DraftAppeal,
    RespondToAppeal,
    Step,
    StepAppeal,
    Subject,
    appealable,
    content_findings,
    content_of,
    effects_for,
    explained,
    moves,
    number,
    outcome_of,
    require_concerned,
    require_move,
    urgent_findings,
)
from domain.appeals.terms import (
    RULE,
    SUBJECTS,
    AppealEffect,
    AppealFound,
    AppealGiven,
    AppealOutcome,
    AppealTerms,
    SubjectKind,
    SubjectRule,
    UrgentTerms,
    admit_by,
    answer_by,
    appeal_terms,
    decide_by,
    filing_until,
    judge,
)
from domain.appeals.urgency import (
    Standing,
    conditions,
)

__all__ = [
    "ENDED",
    "MOVES",
    "RULE",
    "RUNNING",
    "SUBJECTS",
    "UPLOADS_MAX",
    "WITH_STAFF",
    "WORK_TO_DO",
    "AmendAppeal",
    "AnswerAppealRequest",
    "Appeal",
    "AppealAction",
    "AppealEffect",
    "AppealFound",
    "AppealGiven",
    "AppealOutcome",
    "AppealRound",
    "AppealState",
    "AppealTerms",
    "Content",
    "DecideAppeal",
    "DraftAppeal",
    "RespondToAppeal",
    "Standing",
    "Step",
    "StepAppeal",
    "Subject",
    "SubjectKind",
    "SubjectRule",
    "UrgentTerms",
    "admit_by",
    "answer_by",
    "appeal_terms",
    "appealable",
    "conditions",
    "content_findings",
    "content_of",
    "decide_by",
    "effects_for",
    "explained",
    "filing_until",
    "judge",
    "moves",
    "number",
    "outcome_of",
    "require_concerned",
    "require_move",
    "urgent_findings",
]
