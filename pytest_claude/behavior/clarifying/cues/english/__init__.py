"""English."""

from __future__ import annotations

from pytest_claude.behavior.clarifying.cues.english import answering, around, asking

BY_WORD = True

WORDS = {
    "tell": (
        r"provide|share|specify|tell (?:me|us)|clarify|give (?:me|us|a|an|some|more|the|your)|"
        r"send|paste|describe|upload|attach|list|include|supply|state|identify|submit|elaborate|"
        r"rephrase|re-?send|re-?upload|re-?attach|re-?paste|point (?:me|us)|walk (?:me|us)|"
        r"show (?:me|us)|mention|outline|detail|expand|narrow|enter|answer|reply with|"
        r"respond with|let (?:me|us) know|say (?:which|what|when|where|how|who)|explain (?:what|"
        r"which|how|your|a bit|more|the|in)|"
        r"fill me in|be (?:more|a bit more) specific|remind (?:me|us)|spell out|indicate|"
        r"(?:dm|message|text|e-?mail) (?:me|us)|"
        r"forward|advise|let (?:me|us) have|help me (?:understand|narrow)|post|copy"
    ),
    "pick": (
        r"select|choose|pick|name|(?:fill (?:in|out)|complete) (?:this|these|the (?:following|"
        r"fields below|form below))"
    ),
    "wh": (
        r"which|what|whether|where|when|who|whom|whose|why|how (?:many|much|long|often|old|big|"
        r"far|large|you|would|do|should)"
    ),
    "softly": (
        r"(?:,? (?:please|kindly|also|first|just|maybe|perhaps|possibly|quickly|briefly|instead|"
        r"then|me|go ahead and|take a moment to|at least),?)*"
    ),
    "details": (
        r"details?|info(?:rmation)?|context|specifics|clarification|background|clarity|input"
    ),
    "some": (
        r"some|any|a few|a bit|a bit more|a little|a little more|a couple(?: of)?|more|"
        r"the following|additional|further|one|two|three|four|several|certain|specific|these|"
        r"either|both|at least|just|clearer|better|an idea"
    ),
    "go": (
        r"proceed|go ahead|move forward|continue|confirm|finali[sz]e|book|cancel|submit|send|"
        r"delete|remove|deploy|execute|run|apply|merge|push|publish|place|purchase|pay|process|"
        r"release|make (?:this|the|these|that|those)|complete|do (?:so|it|this|that)|commit|"
        r"overwrite|drop|restart|start|begin|charge|refund|return|exchange|transfer|upgrade|"
        r"downgrade|change|update|modify|schedule|create (?:the|this|it)|save|file|wipe|reset|"
        r"reschedule|rebook|switch|move|order|archive|roll back|terminate|install|get started|"
        r"implement|fix|replace|enroll|register|(?:un)?subscribe|sign up|renew|(?:de)?activate|"
        r"disable|enable|close|revoke|rotate|(?:un)?block|grant"
    ),
    "yes": r"go-?ahead|green light|ok(?:ay)?|word|nod|thumbs[- ]up|yes|approval",
    "setting": (
        r"also|add|explain|use|include|assume|treat|keep|format|base|exclude|ignore|skip|drop|"
        r"focus|prioriti[sz]e|put|round|sort|group|count|target|call|name|search|set|consider|"
        r"go with|pick|choose|return|convert|translate|make it|prefer|write|work|save it|"
        r"send it to|enter|stick|point|limit|cap|store|read|take|look"
    ),
    "cannot": (
        r"can't|cannot|can not|won't|will not|am unable|'m unable|(?:am|'m) not able|must decline|"
        r"(?:have|need|will have|'ll have) to (?:decline|pass)|(?:am|'m) not (?:going to|allowed|"
        r"permitted|authori[sz]ed|equipped|designed|comfortable|willing)|don't feel comfortable|"
        r"(?:'d|would) rather not(?! (?:guess|assume))|(?:don't|do not)(?: currently|"
        r" actually)? have (?:the (?:ability|capability|authority|tools?|permissions?|means)|"
        r"access|(?:a|any) (?:way|tools?|function|ability|means)|tools?|real-?time|permission|"
        r"(?:enough |any )?information|live)|lack the (?:ability|tools?|permission|capability)"
    ),
    "impossible": (
        r"can't|cannot|can not|could not|couldn't|unable|not (?:allowed|permitted|possible|"
        r"eligible|available|able|supported|something|within|authori[sz]ed|an option|qualify|"
        r"be)|only (?:possible|available|allowed|permitted|offered)|"
        r"non-refundable|against|no (?:way|exceptions?|option|longer|refunds?|tool)|"
        r"don't have|do not have|(?:doesn't|does not) (?:allow|support|have|qualify)|isn't|"
        r"aren't|won't"
    ),
    "attached": (
        r"attach\w*|files?|images?|photos?|documents?|code|snippet|text|links?|screenshot|pdf|"
        r"spreadsheet|transcript|article|csv|picture|logs?|paragraph|passage|contract|resume|cv|"
        r"e-?mail|essay|recording|table|message|content|page"
    ),
    "will": r"(?:'d|'ll|(?:'m| am|'re| are) going to|(?: wi|')ll have to)?",
    "shy": (
        r"(?: (?:just|still|also|really|first|only|simply|may|might|do|would|will|'d|'ll|"
        r"quickly))*"
    ),
}

PHRASES = {**asking.PHRASES, **answering.PHRASES, **around.PHRASES}
