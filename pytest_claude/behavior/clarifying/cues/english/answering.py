"""Replies that confirm, offer or decline."""

from __future__ import annotations

PHRASES = {
    "confirmation": {
        "asks-to-go-ahead": (
            r"(?:shall|should|may|can|could|do you (?:still |really |actually )?want|"
            r"would you (?:still |really )?like|want|okay if|ok if|mind if|"
            r"is it ok(?:ay)?(?: with you)? (?:if|for)|all ?right if|alright if|happy for|"
            r"ready for|like)(?: (?:i|we|me to|us to|for me to))(?: now| also)? (?:{go})",
        ),
        "asks-for-permission": (
            r"(?:would|do|are) you (?:still )?(?:like|want|wish|prefer|ready|happy|okay|ok|"
            r"sure you want|sure you'd like)(?: me| us)?(?: to| with) (?:{go})(?:ing)?",
            r"are you (?:okay|ok|fine|happy|comfortable|good) with (?:me|us|this|that|it|\w+ing)",
            r"if (?:that|this|it|everything|all(?: of (?:it|this|that))?)(?: \w+){0,2} (?:right|"
            r"good|"
            r"correct|ok|okay|fine),? (?:then )?i(?:'ll| will)",
            r"is (?:that|this|it) something you(?:'d| would)? (?:like|want)",
            r"(?:let me know|tell me|confirm|know) (?:if|whether|that)(?: you(?:'d| would| do)?|"
            r" i| we)? (?:like|want|wish|can|may|should)(?: me| us)?(?: to)? (?:{go})",
            r"(?:let me know|tell me|confirm) (?:if|whether|that) (?:you're|you are|you|it's|it|"
            r"this|that|everything|these|the \w+|i)(?: \w+){0,3} (?:good|ok|okay|correct|right|"
            r"accurate|acceptable|fine|ready|agree|approve)",
        ),
        "asks-whether-right": (
            r"(?:is|are|does|do|did i) (?:that|this|these|everything|it|all (?:(?:of )?(?:this|"
            r"that|these)|the \w+(?: \w+){0,3}?)|the (?:above|details|information|plan|summary)|"
            r"get)(?: \w+){0,3} (?:correct|right|accurate|ok|okay|acceptable|good|fine|work|"
            r"included|complete|in order|intended|match)\b.{0,40}\?",
            r"(?:everything|all|sound|look)s?(?: \w+)? (?:good|right|ok|okay|"
            r"correct)(?: to you)?\?",
            r"^(?:just )?(?:(?:double|quick)[- ]?)?(?:check\w*|"
            r"confirm\w*)(?: first)?:(?!.*\b(?:{wh}|or)\b).*\?$",
            r"^so\b.*, (?:correct|right|yes)\?$",
            r".*, correct\?$",
        ),
        "asks-for-yes-or-no": (
            r"(?:yes|y) ?(?:/|or) ?(?:no|n)",
            r"(?:reply|respond|answer|say|type|write|enter)(?: back)?(?: with)?:? (?:yes|"
            r"confirm(?:ed)?|proceed|approve|ok|y)",
            r"(?:reply|respond|answer|say|type|enter)(?: back)?(?: with)?:? …,? (?:and i(?:'ll|"
            r" will| can)|to (?:confirm|proceed|continue|approve|go)|if (?:you|that|this))",
            r"(?:reply|respond) with:? …",
            r"are you (?:absolutely |really |quite |completely )?sure",
            r"do you (?:agree|approve|accept|consent|authori[sz]e)",
            r"^(?:ok|okay|ready|good|safe|all set|clear) (?:to|for me to) \w+.*\?$",
            r"(?:good to go|go ahead|proceed|continue|confirm|approve)\?$",
            r"^(?:{go})(?: (?:it|this|them|that|these|the \w+|all))?(?: now| anyway| anyhow)?\?$",
            r"^(?:is that )?(?:okay|ok|all right|alright|deal|agreed|fine|good)(?: with you)?\?$",
            r"(?:need|get|do i have|require|with|await\w*|waiting (?:for|on)|give me|like|want|"
            r"wait for)(?: i)?(?: your)?(?: explicit| final)? (?:approval|go-ahead|permission|ok|"
            r"green light|sign-off|consent|okay|confirmation)",
            r"say the word",
            r"give me (?:the|a|your) (?:{yes})",
        ),
        "asks-to-confirm": (
            r"(?:please|can you|could you|do you|kindly|need you to|ask you to|once you|if you|"
            r"wait for you to|until you){softly} confirm(?! (?:which|what|your|where|when|who|"
            r"how))",
            r"^confirm (?:and|to|that|this|if)",
            r"(?:review|check|look)\b.{0,60}\bconfirm",
            r"confirm (?:before i|so (?:that )?i|and i'll)",
        ),
        "asks-should-i": (
            r"(?:shall i|shall we) (?!(?:also|use|include|assume|treat|keep|format)\b)\w+",
            r"(?:just )?(?:checking|confirming|making sure|verifying|want to (?:check|confirm|"
            r"be sure)) (?:that )?(?:this|that|it|you|these|the)\b.{0,60}\bbefore (?:i|we|making|"
            r"doing)",
            r"should (?:i|we) (?:{go})",
            r"should (?:i|we) (?!(?:{setting}|{wh}|know|ask|worry|expect|be|look|say|aim|"
            r"address)\b)\w+",
        ),
    },
    "more": {
        "offers-more": (
            r"also|too|as well|that way|additionally|next|another|more|further|else",
            r"(?:particular|specific) (?:aspects?|parts?|topics?|sections?|points?)",
            r"in (?:more )?detail|explain|show you|look up|walk you|(?:an? (?:\w+ )?)?examples?",
            r"go deeper|add|create (?:a|some)|write (?:a|some)|put together|draft (?:a|some)",
        ),
    },
    "offer": {
        "offers-anything-else": (
            r"(?:what|who|where) else",
            r"anything else(?!.*\?$)",
            # Not of "What dose do you take, and are you taking anything else?"
            r"^(?!(?:which|what|how|when|where)\b.*,).*\banything else(?=.*\?$)",
            r"(?:there|need|want|like|with|about|have) something else",
            r"anything (?:specific|in particular|more|further|i can|you(?:'d| would)? (?:like|"
            r"need|want))",
            r"(?:any|other|more|further) (?:\w+ )?questions",
            r"you have questions",
            r"anything\b.{0,40}\byou(?:'d| would)? (?:like|want|need)",
            r"anything (?:unclear|not clear|confusing)",
            r"^questions\?",
            r"any (?:other|more|further) (?!requirements|constraints|preferences|details|symptoms|"
            r"info|needs)\w+.*\?$",
        ),
        "offers-to-help": (
            r"(?:how|what|where)(?: else)? (?:can|may|could|might|should|shall) (?:i|"
            r"we)(?: \w+)? (?:help|assist|do for|be of|support|start|serve|do)",
            r"(?:something|anything|questions?\b.{0,40}|topics?|tasks?)(?: \w+)? "
            r"(?:i|we) (?:can|could|may) (?:help|assist|do)",
            r"what brings you",
            r"what's on your mind",
            r"(?<!and )what(?: \w+)? (?:would you like|do you want|can we|shall we|should we|"
            r"are you|do you need|would you want)(?: me| us)?(?: help)?(?: to)? (?:do|work on|"
            r"explore|tackle|talk about|chat about|discuss|learn about|learn|build|try|focus on|"
            r"dive into|see|help with|working on|looking to do|know|hear|with)(?: (?:today|next|"
            r"first|about|together|now|with|here))*\?$",
            r"what's next|^what's (?:up|new)",
            r"(?!which should|what should)(?:which|what|where)\b.{0,60}\b(?:explore|dive into|"
            r"(?:learn|know) (?:more|about)|hear more|go deeper|expand|elaborate|dig into|"
            r"discuss)(?: \w+){0,3}\?$",
            r"(?:what|which)(?: \w+)? (?:sounds|looks|seems) (?:most |more )?(?:fun|interesting|"
            r"exciting|appealing|useful)",
        ),
        "offers-more": (
            r"(?:would|do|are) you (?:like|want|care|interested|curious|prefer|need|"
            r"in the mood)(?: to| in| for| about| it if i)?(?: \w+){0,2}? (?:me|us|i|any|some|"
            r"more|additional|further|another|a|an|know|see|hear|learn|explore|discuss|help|"
            r"assistance|details|examples|talk|practice|dive|hearing|seeing|learning|exploring|"
            r"knowing|read|other|try|look|directions|clarification)",
            r"(?:shall|should|can|could|want me|like me)\b.{0,80}\b(?:as well|too|also|that way|"
            r"for you)\?$",
            r"(?:shall|should|can|could) i make (?:it|this|them) (?:\w+er|more|less|a bit|even)\b",
            r"^need (?:the|a|an|any|some|help|me)",
            r"need (?:any |some |me to )?(?:more|further|additional|other|help|assistance|"
            r"anything)",
            r"(?:shall|should|can|could|may|might) i (?:also|tell|show|share|explain|help|give|"
            r"add|offer|suggest|provide|walk|go deeper|expand|elaborate|dig|recommend|draft|"
            r"write (?:a|some|up)|send you|make (?:a|some)|create (?:a|some)|put together|look|"
            r"turn|generate|sketch|prepare)",
            r"want (?:me to|to (?:see|know|hear|learn|try|explore|dive|go|dig|practice|talk|"
            r"take)|more|another|a|some|help)",
            r"^(?:got|have) (?:more|any|another|other)",
            r"^(?:care|interested|curious) (?:to|for|in|about|how|why|what)",
            r"is there (?:a|any|some) (?:particular|specific|certain) (?:part|aspect|area|topic|"
            r"section|point|"
            r"detail|period|era|feature|reason|side)",
            r"is there (?:another|any other|some other)\b(?!.*\b(?:i|we) (?:should|can|could)\b)",
            r"(?:is|are) there (?:any|a|some|another)(?:thing|one)?(?: (?:particular|specific|"
            r"certain|other))?(?: \w+){0,3} you(?:'d| would|'re|'ve| want| need|"
            r" like)?(?: like)?(?: me)?(?: to)?\b.{0,30}\b(?:explore|know|discuss|more|help|"
            r"detail|expand|elaborate|learn|deeper|next|assist|go into|explain|cover|dig|walk)",
        ),
        "offers-a-thing": (r"would you like (?!me\b|us\b|to (?:{go}))\w+",),
        "offers-on-request": (
            r"(?:let (?:me|us) know|tell me|just ask|just say|please ask|ask me|reach out|"
            r"holler|shout)(?: \w+){0,2} (?:if|whether|how|what you think|when(?:ever)?|should|"
            r"any ?time|"
            r"your thoughts)",
            r"(?:let (?:me|us) know|tell me) (?:which|what)\b.{0,40}\b(?:other|else|next|more|"
            r"explore|deeper|me to (?:expand|explain|cover))",
            r"let me know(?:!|\.)?$",
            r"let me know what you(?:'d| would) like (?:me )?to (?:do|try|explore|know|see|"
            r"work on|focus|hear|learn|tackle)",
            r"feel free",
            r"(?:don't|do not) hesitate",
            r"if you(?:'d| would)? (?:like|want|need|prefer|wish|are interested|'re interested|"
            r"have (?:any|more|other|further|questions))",
            r"if (?:that|it|this)(?:'d|'s| is| would)? (?:be )?(?:help|helps|"
            r"helpful|useful|of interest)",
            r"ask me anything",
            r"upon request|come back (?:any|when)|i can \w+\b.{0,80}\bif (?:this|that|it|you|"
            r"these)",
            r"(?:happy|glad) to \w+\b.{0,80}\b(?:if|further|more|whenever|when)",
            r"i (?:can|could) (?:also|always|then)",
            r"whenever you(?:'re| are)? (?:ready|need|like|want)",
            r"i'?m here (?:if|to|for|when)",
            r"(?:here|ready|always (?:here|happy)|glad|happy) to (?:help|assist|support|"
            r"answer)(?: you)? (?:further|more|again|with (?:any|anything|more|other)|if|"
            r"whenever|out if)",
        ),
        "offers-a-look-back": (
            r"would (?:a|an|some|more|another)\b.{0,60}\b(?:be (?:useful|helpful|of interest|"
            r"of use)|help)",
            r"(?:would you like|do you want) to (?:tell me|share|talk)",
            r"would it (?:be (?:\w+ )?(?:useful|helpful|of (?:use|interest|help))|help) (?:if i|"
            r"for me|to "
            r"(?:see|have|go|walk))",
            r"(?:does|do|did|is|was) (?:this|that|it|these|any of (?:this|that|these)|"
            r"my \w+)(?: \w+)? (?:help|make sense|answer|clear|clarify|useful|helpful|resonate|"
            r"appeal|interest|address|solve|fix|work|meet|fit|cover|"
            r"capture|reflect)",
            r"(?:are you|would you be) (?:in a position|able|willing|open|up) (?:to|for) (?:try|"
            r"trying|do|doing)",
            r"(?:would|could|might) (?:any of )?(?:that|this|these|those|it) (?:work|help|do|"
            r"suit)",
            r"(?:have|did) you (?:tried|try) (?:any of )?(?:that|this|these|those|it)",
            r"what do you think|do you think|what are your thoughts|thoughts\?$",
            r"(?:make|makes|making) sense\?",
            r"do you like (?:either|any|one|some) of (?:these|those|them)",
            r"how (?:does (?:that|this|it) (?:sound|look|feel|work|seem)|(?:is|about) (?:that|"
            r"this|it))",
            r"(?:^|you have )any (?:thoughts|feedback|changes|edits|tweaks)",
            r"ready (?:for|to (?:try|hear|see|learn|play))",
            r"how(?:'s| is) (?:it|that|this|your|everything|life|the)",
            r"how (?:are you|about you|do you feel|'s your day|is your day|have you been|"
            r"are things)",
        ),
    },
    "tail": {
        "hangs-an-offer-on": (
            r",? or (?:just |please )?(?:let (?:me|us) know|tell (?:me|us)|say) (?:if|what|which|"
            r"whether|how)\b.{0,40}\b(?:chang|differ|adjust|edit|fix|modif|tweak|correct|instead|"
            r"else|"
            r"rather|wrong|off)\w*.*$",
            r",? or (?:something|anything|someone|somewhere|anyone) (?:else|"
            r"different)(?: entirely| altogether)?\?$",
            r",? or (?:if (?:there|you)|whether there|is there|are there|do you (?:need|have|"
            r"want)|let me know if|would you like (?:me to|to (?:know|see|explore))).*$",
        ),
    },
    "closes": {
        "closes": (
            r"you're (?:very |most )?welcome|feel free|reach out|(?:don't|do not) hesitate",
            r"here to (?:help|assist)|take care|have a",
        ),
    },
    "decline": {
        "declines": (
            r"i(?: (?:simply|just|really|genuinely|also|currently|still|unfortunately|truly|"
            r"personally))* (?:{cannot})(?! (?:find|see|locate|tell (?:if|whether|which|from)|"
            r"be sure|say for (?:sure|certain)|guarantee|promise|wait|stress|overstate|"
            r"emphasi[sz]e|reproduce (?:the|this|that|it|your)|figure out|make out|help but|"
            r"think of|imagine)|[^.?!]{0,60}\bas (?:you )?(?:asked|requested|instructed|told))",
            r"i(?=')(?:{cannot})",
            r"i(?:'m| am) (?:sorry|afraid)\b.{0,80}\b(?:{impossible})",
            r"i (?:must )?(?:decline|refuse) to",
            r"keep (?:\w+ ){1,4}(?:private|confidential|to myself)",
            r"i(?:'m going to|'ll|'d| will| would)? have to (?:decline|pass|refuse|say no)",
            r"my (?:training|knowledge)\b.{0,60}\bso i (?:don't|do not)",
            r"i\b[^.?!]{1,60}\b(?:and|so|but),? (?:{cannot})(?! (?:reproduce|find|see|locate|"
            r"figure|tell|make out))",
            r"(?:nobody|no one|no-one) can (?:tell|predict|know|say)|neither can i",
            r"i shouldn't (?:help|provide|do that|share|give)",
        ),
        "says-not-possible": (
            r"unfortunately\b.{0,160}?\b(?:{impossible}|don't|doesn't|do not|does not|didn't)",
            r"which i (?:don't|do not) have",
            r"nothing i can do",
            r"pass on (?:that|this)|i(?:'ll| will| have to| must) pass on",
            r"i (?:don't|do not) (?:write|create|produce|generate|engage in|discuss|disclose|give|"
            r"provide|share|assist|help with|identify|reveal|recommend|give out)",
            r"we (?:can't|cannot|are unable to|don't|do not) (?:change|refund|cancel|ship|offer|"
            r"accept|process|do that|share|provide|extend|deliver|support|allow)",
            r"i (?:don't|do not) (?:do|offer|give|provide|handle)\b.{0,40}\b(?:advice|requests?|"
            r"sorry)",
            r"not (?:a|an) \w+ i (?:can|could|'m able)",
            r"(?:policy|policies|rules?|terms|guidelines)\b.{0,40}\b(?:doesn't|does not|don't|"
            r"do not|prohibits?|forbids?|prevents?)",
            r"i don't (?:think|believe) (?:i (?:should|can|could)|"
            r"it(?:'s|'d be| is| would be) (?:right|appropriate|ethical|responsible|safe))",
            r"(?:there's|there is|i have|i see) no (?!right|wrong|single|one|easy|better|"
            r"quick)(?:\w+ )?(?:function|tool|way|option|feature|means)(?: available)? (?:to|for|"
            r"that|of)",
            r"(?:is|are|was|were|it's|that's)(?: currently| simply)? not (?:allowed|"
            r"permitted|possible|eligible|something i|within my|refundable|supported|"
            r"available for|available to)",
            r"(?:isn't|aren't|wasn't|that's not) (?:allowed|permitted|possible|eligible|"
            r"something i(?:'m| can| am)?|within my|refundable|one i)",
            r"(?:can't|cannot|can not|can no longer) be (?:modified|changed|cancel+ed|refunded|"
            r"added|removed|done|altered|applied|transferred|waived|reversed|combined|shared|"
            r"disclosed|upgraded|processed|provided|issued|made)",
            r"not something i(?:'m| can| am|'ll| will)?",
            r"(?:outside|beyond|not within) (?:of )?(?:my|the) (?:scope|capabilit\w+|abilit\w+|"
            r"control|authority|expertise|knowledge)",
            r"(?:outside|beyond) (?:of )?what i(?:'m| am)? (?:can|could|able|allowed|permitted|do)",
            r"(?:against|violates?) (?:my|our|the|company|airline) (?:guidelines|policy|"
            r"policies|values|principles|terms)",
            r"(?:none of|no)(?: the)?(?: available| my| provided)* tools?\b.{0,40}\b(?:can|for|"
            r"to|allow|support|that|available|which)",
            r"no (?:way|tool) (?:for me|available)",
            r"(?:no longer|not|n't) (?:enough \w+ )?(?:currently )?available",
            r"not enough (?:seats|stock|inventory|funds)|sold out|out of stock|fully booked",
            r"i (?:can only (?:help|assist|handle|answer|discuss|process|read|work with)|"
            r"only (?:have|handle|support)|"
            r"am only able)",
            r"(?:not enough|insufficient) (?:information|data|context|details)",
        ),
        "speaks-of-itself": (
            r"as an? (?:ai|language model|assistant|large language|"
            r"artificial)\b.{0,100}\b(?:can't|cannot|unable|not able|won't|(?:don't|"
            r"do not) have (?:access|the ability))",
        ),
    },
    "waits": {
        "waits": (
            r"yet|until|unless|without|before|(?:not )?enough|(?:since|because|as) (?:there|no|"
            r"you)",
        ),
    },
    "regrets": {
        "regrets": (r"unfortunately|sadly|i'm afraid|regrettably",),
    },
    "nevertheless": {
        "does-something-else": (
            r"but (?:i (?:can|could|do|will|know)|i'll|i'd be happy|here|let me|based on|"
            r"in general|generally|you can|as far as)",
            r"(?:however|that said|nonetheless|still),? (?:i (?:can|could|do|will)|here|you can|"
            r"based on|in general)",
        ),
    },
    "alternative": {
        "offers-an-alternative": (
            r"instead|alternatives?|alternatively",
            r"another (?:way|option|approach|flight|date|time|topic)",
            r"other (?:options|ways|alternatives|flights|dates|topics|solutions)",
            r"(?:something|anything) (?:else|different|other)",
            r"transfer(?:red)?|connect you|human (?:agent|representative)|escalate",
            r"speak (?:to|with)",
            r"different (?:flight|date|option|topic|approach)",
        ),
    },
}
