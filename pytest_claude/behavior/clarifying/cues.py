"""Cues: the phrases by which an English sentence asks, confirms, offers, declines or argues.

They name the sentence that decided and what it does. Whether a reply asks is not settled by them
alone, for the same words ask in one place and are content in another; but where one of them is
near the end, a reply is never certain to ask nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Literal

Deed = Literal["asks", "confirms", "offers", "declines", "amends", "disputes"]
Category = Literal["policy", "ability"]

_TELL = (
    r"(?:provide|share|specify|tell (?:me|us)|clarify|give (?:me|us)|send|paste|describe|upload|"
    r"attach|list|state|identify|elaborate|rephrase|show (?:me|us)|enter|answer|reply with|"
    r"respond with|indicate|forward|select|choose|pick|let (?:me|us) (?:know|have)|"
    r"post|drop|include|message|say (?:which|what|where|when|how)|remind (?:me|us)|"
    r"confirm (?:which|what|your|where|when|who|how|if|the)|explain (?:what|which|how|your|more))"
)
_SOFT = r"(?:,? (?:please|kindly|also|first|just|maybe|perhaps|then|instead|go ahead and)\b,?)*"
_WH = r"(?:which|what|whether|where|when|whom?|whose|why|how(?: (?:many|much|long|often|old))?)"

CUES: Mapping[Deed, Mapping[str, str]] = {
    "confirms": {
        "asks-to-go-ahead": (
            r"(?:shall|should|may|can) i (?:now |also )?(?:proceed|go ahead|continue|book|cancel|"
            r"send|delete|place|submit|do|make|start|run|apply|process)"
            r"|(?:would|do) you (?:like|want|wish)(?: me)? to (?:proceed|go ahead|continue|confirm)"
            r"|(?:okay|ok|ready) (?:for me )?to (?:proceed|go)|do you confirm|yes(?:/| or )no\b"
        ),
        "asks-whether-it-is-right": (
            r"(?:is|are) (?:that|this|these|everything|it) (?:all )?(?:correct|right|accurate)"
            r"|(?:does|do) (?:that|this|it|these|everything) look (?:right|correct|good)"
            r"|please confirm\b"
        ),
    },
    "offers": {
        "offers-on-request": (
            r"(?:let (?:me|us) know|tell me|just ask|reach out)(?: \w+)? (?:if|whether|when)"
            r"|feel free|(?:don't|do not) hesitate|(?:happy|glad|here) to (?:help|assist|answer)"
            r"|if you(?:'d| would)? (?:like|want|need|prefer|have|wish)"
        ),
        "offers-more": (
            r"(?:would you like|do you want|want)(?: me)? (?:to|more|help|some|another)"
            r"|anything else|(?:how|what) (?:can|may|else can|could) i (?:help|assist|do)"
            r"|any (?:other )?questions"
        ),
        "asks-what-you-think": (
            r"what do you think|thoughts\?|make sense\?|(?:does|did|is) (?:this|that|it) \w+ ?\w*\?"
            r"|how (?:does|do) (?:this|that|it|you)"
        ),
    },
    "asks": {
        "asks-to-tell": (
            rf"(?:please|kindly){_SOFT} {_TELL}|(?:can|could|would|will|might) you{_SOFT} {_TELL}"
            rf"|(?:may|could|can) i{_SOFT} (?:have|get|ask|know)|, please[.!]?$"
            rf"|(?:and|feel free to|need to|want to|able to){_SOFT} {_TELL} (?:me|us|it|them|those|"
            r"the|your|more|additional|any)"
        ),
        "tells-to-send": (
            r"(?:(?<=^)|(?<=, )|(?<=! )|(?<=: )|(?<=just ))(?:send|paste|share|give|tell|show|"
            r"describe|drop|post|upload|attach|pick|choose|select|provide|reply)\b"
            r"(?= (?:me|us|it|them|those|one|either|your|over|here|with)\b|.*\bhere\b)"
        ),
        "asks-to-let-know": (
            rf"(?:let (?:me|us) know|tell (?:me|us)){_SOFT}:?(?: about| of)? "
            rf"(?:{_WH}|your|the|these|more|some|a (?:few|bit|little))"
        ),
        "says-it-needs": (
            r"(?:i|we)(?:'d|'ll| would| will|'m going to)?(?: \w+)? (?:need|require|have to know)\b"
            r"(?! to (?:use|run|look|call|search))|(?:is|are|be) (?:needed|required)"
            r"|(?:more|some|additional) (?:\w+ )?(?:details?|info\w*|context|background)"
            r"|without (?:knowing|your|more|an? )|(?:would|'d) help (?:me )?to know"
        ),
        "wants-to-know": (
            rf"i(?:'d| would) (?:like|love|want|have) to (?:know|ask|learn|understand|hear)"
            rf"|(?:wondering|not (?:entirely |quite )?(?:sure|clear)|unsure)(?: about| of)? {_WH}"
            r"|(?:few|some|couple of|quick|clarifying|more) questions?"
            r"|help me (?:understand|narrow)"
        ),
        "names-what-is-missing": (
            r"(?:don't|do not|didn't|couldn't|can't|cannot|doesn't|haven't|hasn't|not) (?:\w+ )?"
            r"(?:see|find|have|receive|get|include|included|attach|attached|specif\w+|mention\w*|"
            r"told|tell|said|say|given|shared|provided|know|sure|come through)"
            r"|missing|cut off|ambiguous|unclear|vague|but (?:not|only)"
        ),
        "asks-if-you-tell": (
            rf"(?:if|once|when|as soon as) (?:you|i)(?:'d|'ve| could| can| have)?{_SOFT} "
            rf"(?:{_TELL}|confirm|know|hear|have (?:it|that|more|any|a|the|your))"
        ),
        "checks-an-assumption": r"correct me if|if you (?:meant|mean)|assum(?:e|ed|ing)",
        "asks-which": rf"{_WH}\b.*\?",
        "offers-a-choice": r"or\b.*\?",
    },
    "declines": {
        "declines": (
            r"i(?:'m|'ve| am)?(?: \w+)? (?:can't|cannot|can not|won't|will not|unable|not able|"
            r"not going to|not comfortable|(?:must |have to |need to )?decline|refuse|shouldn't)"
            r"|(?:can't|cannot|not) (?:be )?(?:help|assist|do that|comply|changed|modified|"
            r"cancel\w*|refunded|possible|allowed|permitted|eligible)"
        ),
        "says-it-lacks-the-means": (
            r"(?:don't|do not)(?: \w+)? have (?:\w+ )?(?:access|the (?:ability|capability|tools?)|"
            r"a way|tools?|real-?time)|as an? (?:ai|language model)|no (?:tool|way|function)"
            r"|(?:outside|beyond) (?:of )?(?:my|the|what)|i can only"
        ),
        "regrets": r"unfortunately|(?:i'm|i am) (?:sorry|afraid)|i apologi[sz]e",
    },
    "amends": {
        "does-something-else": (
            r"(?:but|however,?|that said,?|still,?) "
            r"(?:i (?:can|could|do|will)|i'd|i'll|here|you can)"
            r"|instead|alternatively|what i can|here(?:'s| is| are)|transfer|other options?"
        ),
    },
    "disputes": {
        "holds-to-a-fact": (
            r"(?:incorrect|wrong|inaccurate|mistaken|false|untrue|the (?:correct )?answer|facts?|"
            r"factual\w*|evidence|truth|myth|misconception|by definition|agree|"
            r"confirm (?:that|an?)|change my answer)\b"
        ),
    },
}

_REASONS: Mapping[Category, str] = {
    "ability": (
        r"(?:don't|do not|doesn't|without)(?: \w+){0,2} (?:access|ability|capability|tools?|"
        r"real-?time|information|data|permission)|as an? (?:ai|language model)"
        r"|(?:unable|not able|can't|cannot) (?:to )?(?:access|browse|view|see|open|find|search|"
        r"connect|check|look up|remember|predict)|no (?:tool|way|function|means)"
        r"|not (?:available|possible)|(?:outside|beyond) (?:of )?my"
    ),
    "policy": (
        r"polic(?:y|ies)|guidelines|terms|rules|not (?:allowed|permitted|eligible|appropriate|"
        r"comfortable|ethical|willing)|harm\w*|illegal|unethical|dangerous|against|violat\w*|"
        r"refuse|decline|won't|will not|shouldn't|privacy|private|confidential|inappropriate|unsafe"
        r"|(?:can't|cannot) (?:help|assist|share|disclose|provide)"
    ),
}


def find_cue(deed: Deed, plain: str) -> str | None:
    """The name of the cue by which a sentence does something, or None.

    >>> find_cue("asks", "please send me the log.")
    'asks-to-tell'
    """
    match = _pattern(deed).search(plain)
    return None if match is None else (match.lastgroup or "").replace("_", "-")


def category_of(plain: str) -> Category | None:
    """Why a sentence declines: by a rule that it keeps, or for want of means; None: it is silent.

    >>> category_of("i don't have access to your calendar.")
    'ability'
    >>> category_of("our policy does not allow refunds.")
    'policy'
    """
    for category, pattern in _REASONS.items():
        if re.search(rf"(?<!\w)(?:{pattern})(?!\w)", plain):
            return category
    return None


@cache
def _pattern(deed: Deed) -> re.Pattern[str]:
    # Compiled on first use: importing costs nothing.
    named = (f"(?P<{name.replace('-', '_')}>{cue})" for name, cue in CUES[deed].items())
    return re.compile(rf"(?<!\w)(?:{'|'.join(named)})")
