"""Replies that ask."""

from __future__ import annotations

PHRASES = {
    "rhetorical": {
        "rhetorical": (
            r"^(?:but |and |so |now,? )?what if (?!i|we)\w+",
            r"^(?:have you )?ever (?:wonder\w*|notice\w*)",
            r"^(?:sound|look)s? familiar",
            r"^who knows",
            r"^(?:tired|sick|fed up) (?:of|with)|^remember (?:when|the|that)",
            r"what are you waiting for",
            r"^guess what",
            r"^why (?:not|bother)",
            r"^who (?:wouldn't|doesn't|would have)",
            r"^(?:isn't|wasn't|aren't) (?:it|that|this|they)",
            r".*, (?:right|isn't it|huh|eh)\?$",
            r"^(?:really|seriously|so what|why|how so|how|see)\?$",
            r"^(?:the |so the )?(?:result|answer|reason|upshot|catch|best part|good news|"
            r"bottom line)\?$",
            r"^(?:(?:but|and|so|yet|after all),? |if [^?]{1,80}, )*\w+n't (?!you\b|there\b|"
            r"your\b)(?!.*\b(?:you|your)\b).*\?$",
            r"^did you know",
            r"how (?:do|can) you (?:know|tell) (?:when|if|whether|that|which|what)",
            r"^can you (?:imagine|believe|guess)",
            r"^(?:have|did) you (?:ever |already )?(?:tried|try|considered|consider|"
            r"thought) \w+ing\b",
            r"^(?:have|did) you (?:tried|try|considered|consider|thought) (?:about |"
            r"of )?(?:going|using)",
        ),
    },
    "suggests": {
        "suggests": (
            r"^(?:(?:can|could|maybe|perhaps|or|and|have|did) )+you (?:try|tried|consider|"
            r"considered) (?!again|sen\w+|up|past\w+|shar\w+)(?:\w+ing|to)",
        ),
    },
    "plays": {
        "plays-a-role": (
            r"^(?:so,? |now,? )?what do you do(?: next| now| first)?\?$",
            r"^(?:what|who) am i\?$",
            r"what(?:'s| is) your (?:\w+ )?(?:answer|guess)|(?:any|care to|wanna|want to|can you|"
            r"ready "
            r"to|take a) (?:guess|solve)\w*",
        ),
    },
    "chats": {
        "asks-for-company": (
            r"(?:what|how) about (?:you|yourself)",
            r"^(?:and |so |but |or )*(?:what|how)(?:'s| is| was| are| were| did| do| does| has|"
            r"'d)(?: [\w'-]+){1,3}? (?:like|feel\w*|go(?:ing)?|goes|been|hold\w*|handl\w*|"
            r"doing)(?: \w+){0,4}\?$",
            r"what (?:got|made|drew|brings?|brought|inspired|led|prompted|sparked|draws) you",
            r"what(?:'s| is| was| are| were)(?: been)? (?:your|the) (?:\w+ )?(?:favou?rite|best|"
            r"highlight|hardest|funniest|biggest)\b",
            r"^\w+ing (?:a|an|the|for|to|on|with|by|something|anything)\b.*\?$|how(?:'s| is|"
            r" was) your (?:day|week\w*|night|morning|trip|family)|where do you stand|"
            r"what's (?:yours|on (?:the|your) agenda)|what (?:do|did) you (?:\w+ )?(?:think|like|"
            r"love|enjoy|find|miss|make of)",
            r"what's (?:behind|going on|prompting|on your)",
            r"do you (?:\w+ )?(?:have (?:a|any|your) (?:own )?(?:\w+ )?(?:favou?rites?|plans?|"
            r"pets?|"
            r"memories|experience|history)|(?:\w+ )?(?:enjoy|love|play|collect|remember|follow|"
            r"live|"
            r"know any))",
            r"(?:have|did) you (?:ever |already |also |always |recently |personally )*(?:been|"
            r"visit|"
            r"visited|see|seen|read|play|played|watch|watched|hear|heard|go|grow|live|lived|notice|"
            r"noticed|enjoy|enjoyed|learn|learned|celebrate|celebrated|meet|met)\b",
            r"are you (?:\w+ )?(?:(?:a|an|more of a) (?:\w+ ){0,3}(?:fan|lover|reader|person|"
            r"runner|"
            r"player|student)|(?:thinking|planning|considering|hoping|learning|studying|"
            r"reading|getting into|curious|visiting|travel+ing|preparing|writing|exploring|trying|"
            r"working on|looking (?:to|into|at|for)|asking (?:out|because|for))\b)",
            r"(?:is|was|are) (?:this|that|it|there)(?: \w+){0,3} (?:for (?:a|an|your|school|work|"
            r"fun)|"
            r"reason|occasion|inspired|prompted|on your mind)",
            r"(?:do|would) you (?:like|want) to (?:talk|chat|vent|share)",
        ),
    },
    "is_personal": {
        "asks-about-the-user": (r"^(?:and |so |but |or )*(?:do|did|have|are|were) you\b.*\?$",),
    },
    "decides": {
        "decides-how-to-go-on": (
            r"should i|should we|shall i|which|prefer|do you (?:want|need|mean)|did you mean|"
            r"mean by|you mean|asking (?:about|for)|referring|you'd like|you like me|using|"
            r"running|version|in mind|{details}|number|id|dates?|address|e-?mail|error|file|"
            r"budget|kind|type|sort|size|to (?:use|proceed|go)",
        ),
    },
    "feels": {
        "feels": (
            r"congratulations|congrats|well done|way to go|(?:sorry|condolences) (?:for|to hear|"
            r"on|about)"
            r" (?:your|about your|the) loss|sorry (?:you're|you are|you've|that you) \w+ing|"
            r"(?:so |really )?(?:happy|thrilled|excited|proud) (?:for|of) you|good for you",
            r"^(?:wow|aww?|ha|haha|oh no|oh wow|amazing)\b",
            r"(?:that|it|this) (?:sounds|must (?:be|have been))(?: \w+)? \w+[!.,]",
            r"(?:that|it|this)(?:'s| is)(?: \w+)? (?:fantastic|amazing|wonderful|incredible|"
            r"awesome|heartbreaking|heavy|tough|rough|awful|exciting|hard)(?: news)?[!.,]",
            r"^what an? \w+(?: \w+)?!$|^(?:oh,? )?how \w+!",
        ),
    },
    "lacks": {
        "lacks": (
            r"\w*n't|not|no|nothing|none|missing|lacks?|gap|tbd|blank|empty|required|unclear|error|"
            r"fail(?:s|ed|ing)?|crash\w*|wrong|broken|placeholder|problem|issue|overwrites?|"
            r"deletes?",
        ),
    },
    "unsettled": {
        "names-several": (
            r"covers? (?:a lot|many|several)|(?:a lot|lots|plenty|many) of (?:\w+ )?(?:things|"
            r"ways|options|places|meanings)|depends|ambiguous|unclear|could (?:mean|be|go)|"
            r"more than one|ambiguity|there (?:are|is)|i(?:'ve| have| also)? (?:found|searched|"
            r"checked|looked|pulled|got|see)|vary|varies|(?:two|three|four|\d+|several|multiple|"
            r"a few|various|different) (?:\w+ )?(?:ways?|options?|possibilit\w+|versions?|"
            r"meanings?|kinds?|types?|things?|modes?|files?|accounts?|orders?|approach\w*|routes?|"
            r"interpretations?|answers?)",
        ),
    },
    "assumption": {
        "checks-an-assumption": (
            r"(?:correct me|let me know|tell me|shout|say so|just say) if (?:i'm|i am|i've|i|"
            r"that's|that|this|this isn't|these|the|my|any of)\b.{0,40}\b(?:wrong|not|isn't|"
            r"aren't|mis\w+|incorrect|different|differs?|off)",
            r"correct me if i'm",
            r"if (?:you (?:meant|mean|intended|were referring|are referring|were asking|had|"
            r"have) (?:something else|another|a different|different|other)|(?:that's|this is|"
            r"that is|it's) (?:not|wrong|different)).{0,60}\b(?:let me know|tell me|say so|"
            r"share|send|provide|specify|clarify|correct)",
            r"(?:let me know|tell me) (?:if|whether) you (?:meant|mean|intended|"
            r"actually (?:meant|want))",
            r"(?:let me know|tell me|say) (?:if|whether) (?:that|this|my) (?:assumption|guess|"
            r"reading|interpretation)",
        ),
    },
    "conditional": {
        "asks-if-you-tell": (
            r"if you(?: can| could|'d)? \w+ (?:it|that|this|them) and {tell}",
            r"if you(?:'d| would| could| can| are able to| want to|'re able to|'re willing to|"
            r" do)?{softly}(?: like to)? {tell}",
            r"if you(?:'d| would| could| can)?{softly} have (?:a|an|the|any|more|specific|"
            r"some) [\w ,-]{0,60}(?:{details}|in mind|preferences?|example)",
        ),
        "asks-once-you-tell": (
            r"(?:once|when|as soon as|after) you(?:'ve| have)?(?: can|"
            r" could)?{softly} (?:{tell}|provided|shared|sent|given|told me|uploaded|pasted|"
            r"clarified|confirmed (?:which|the|these)|have (?:it|that|those|the|your|this|these|"
            r"them|found))",
            r"(?:once|when|as soon as) i (?:have|know|get|receive|understand|hear) (?:that|this|"
            r"those|these|your|the|it|what|which|where|more|a bit)",
            r"^with (?:that|those|this|these|more|a bit more|your)(?: \w+){0,2},? i(?:'ll| can|"
            r" could|'d)",
        ),
        "asks-for-a-preference": (
            r"(?:let (?:me|us) know|tell me) if you(?:'d)? (?:need|want|prefer|like|"
            r"rather)\b.{0,60}\binstead",
            r"^(?:but |and )?if (?:you're|you are|it's|your|that's) (?:on|using|in|not|"
            r"looking for|\w+ (?:is|are))\b.{0,80}\b(?:tell me|let me know|say so)",
        ),
        "asks-to-feel-free": (
            r"(?:feel free|don't hesitate|you're welcome) to{softly} {tell}",
            r"you (?:can|could|may|might)(?: always| also| just| want to| need to)* (?:provide|"
            r"share|tell me|send|paste|give me|upload|(?:check .{1,30}and )?try (?:up|re|send|"
            r"past|attach)\w*)",
        ),
    },
    "proviso": {
        "begins-with-a-case": (
            r"^(?:but |and |also,? |otherwise,? |finally,? )?(?:if|should|in case|"
            r"whenever) (?:you(?:'re|'d|'ve)?|there(?:'s)?|any|anything|something|it|this|that|"
            r"the|needed|necessary|either|one|these)",
        ),
    },
    "contact": {
        "offers-in-a-case": (
            r"let (?:me|us) know|tell me|just (?:ask|say)|feel free|(?:don't|do not) hesitate",
            r"i(?:'ll| can| could|'d| will| would|'m)|happy to|glad to|reach out|here to",
            r"ask (?:me|away|if)|please|reply|write to me|message me|(?:^|(?<=, ))(?:then )?{tell}",
        ),
    },
    "request": {
        "asks-to-tell": (
            r"(?:please|kindly|pls){softly} (?:{tell})(?! me (?:a|one) (?:moment|second|minute|"
            r"sec)| a (?:moment|second|minute))",
            r"(?:can|could|would|will|might) you(?: (?:be able to|be willing to|"
            r"mind))?{softly} (?:{tell}|telling|sharing|providing|sending|giving|clarifying|"
            r"specifying|uploading|check (?:the|your|if|whether|that)|try (?:again|re\w*|up\w*|"
            r"send\w*|shar\w*|past\w*)|double-check|verify|confirm (?:which|what|your|where|"
            r"when|who|how|the|if there|for me))",
            r"(?:please|kindly){softly} confirm (?:which|what|your|where|when|who|how|"
            r"for me (?:the|your|which)|the (?:\w+ )?(?:\w+ )?(?:name|number|id|dates?|e-?mail|"
            r"address|version|method|reason|spelling|amount|size|city|time|type|option))",
            r"i need you to{softly} {tell}",
        ),
        "asks-to-try": (
            r"(?:please|could you|can you)\b.{0,160}\band (?:then )?(?:let (?:me|us) know|"
            r"tell (?:me|us)|report back|describe|see) (?:{wh}|if (?:it|the|that|this))",
        ),
        "asks-to-pick": (
            r"(?:please|kindly){softly} (?:{pick})(?: (?:one|which|a|an|the|your|from|any|"
            r"either|between)|:|$)",
            r"(?:can|could|would|will) you{softly} (?:{pick})",
            r"(?:please|kindly){softly} (?:try (?:again|re-?\w+|sending|uploading)|re-enter|"
            r"double-check (?:the|your)|verify (?:the|your)|check (?:the|"
            r"your) (?:\w+ )?(?:number|id|spelling|code|e-?mail|address|name))",
        ),
        "asks-to-have": (
            r"(?:may|could|can|might) i{softly} (?:have|get (?:your|the|a|an|some|more)|ask|"
            r"know|grab|take your)",
            r"^(?:and |also )?(?:your|the)\b.{3,80}, please[.!?]?$",
            r"(?:do|would) you mind (?:telling|sharing|if i ask|providing|sending|giving|"
            r"clarifying|pasting)",
        ),
        "asks-to-let-know": (
            r"(?<!like to )(?<!want to )(?:let (?:me|us) know|tell (?:me|us)|lmk)(?: (?:exactly|"
            r"a (?:bit|little)|please|"
            r"just|briefly|here|first|below|at least))*:?(?: about| of| on| in| at| from|"
            r" for)?(?: {wh}| your(?:self|selves)?| the| these| those| each| more| some|"
            r" a (?:few|couple)|"
            r" one of| this| that| any (?!other|more|further|questions)|:$|"
            r" \W)(?!.{0,12}\bthink\b)",
            r"let (?:me|us) know(?: \w+)? (?:if|whether) you(?:'re|'d| are| were| have| mean|"
            r" want| prefer| need| would)(?: like)?\b.{0,80} or (?!(?:would |want |need |"
            r"you )?(?:need|have|any|more|further|if|other|some|additional|help|assist|anything|"
            r"want|like|would|run|questions?|concerns))\w+",
        ),
        "says-it-needs": (
            r"(?:i|we){shy}{will}{shy} (?:need|require){shy} (?:to (?:know|understand|ask|clarify|"
            r"learn|hear|pin down)|your(?! (?:approval|go-ahead|permission|ok|confirmation|"
            r"consent)\b)|{some}|answers to)",
            r"(?:i|we){shy}{will}{shy} (?:need|require)(?= ?:)",
            r"(?:i|we){shy}{will}{shy} (?:need|require){shy} to (?:get|gather|collect|obtain|have|"
            r"see|verify|confirm)\b.{0,20}(?:your|with you|which|what|whether|{some}|how|where)",
            r"(?:i|we){shy}{will}{shy} (?:need|require){shy} to (?:check|"
            r"find out) (?:something )?(?:with|from) you",
            r"(?:i|we){shy}{will}{shy} (?:need|require){shy} (?:the|an?)(?! (?:moment|second|"
            r"minute|break|bit of time|tool|search|way)\b)",
            r"i could use (?:a|some|more)",
        ),
        "says-what-it-needs": (
            r"(?:what|here's what|all|the (?:only )?(?:things?)|the info(?:rmation)?|details|"
            r"few things)(?: that)? i(?:'ll| will|'d| would|'m)?{shy} (?:need|missing|"
            r"require)(?:ed)?",
            r"need(?:ed)? from you",
            r"in order (?:to|for) .{0,80}\b(?:need|require)(?! to)",
            r"for (?:me|us) to\b.{0,80}\b(?:needed|required)",
            r"need (?:a (?:bit|little) )?more (?:\w+ )?(?:{details})",
            r"(?:additional|more|further|a few|some|the following|this|these) (?:{details}) (?:is|"
            r"are|would be) (?:needed|required)",
            r"(?:i|we)\b.{0,20}need to know",
            r"^need to know",
            r"you(?:'ll| will|'d)? (?:also )?need to (?:{tell}|{pick})\b.{0,60}\b(?:before|"
            r"so (?:that )?i|for me|first)",
            r"(?:your|the|both) [^.?!]{1,80}\b(?:is|are) (?:also |still )?(?:required|needed|"
            r"necessary)(?=.{0,40}\b(?:before i|so i|to (?:proceed|continue|help you|start)))",
            r"^to (?:proceed|continue|get started|begin|start|help|do (?:this|that|so)|"
            r"move forward),? (?:i|we){shy}(?:'d|'ll)? need",
            r"i(?:'m| am)(?: still| just)? missing",
            r"(?:only with|depends? on|without|missing|not (?:said|mentioned|"
            r"told)\b[^:]{0,30}): .*\byour?\b",
        ),
        "says-it-would-help": (
            r"(?:things?|details?|facts?|info\w*|questions?|points?|bits?)(?: that|"
            r" which)?(?: would|'d| will|'ll| could| might)(?: really)? help",
            r"(?:would|\w+'d|will|\w+'ll|might|could)(?: also| really| greatly|"
            r" definitely)* (?:be (?:\w+ )?)?(?:help|helpful|useful|great|good|nice|easier|best|"
            r"ideal)(?: me| us)?(?: a lot| out)? (?:to (?:know|understand|have|see|hear|learn)|"
            r"if (?:you|i|we) (?:could|can|would|shared?|told|gave|provided?|knew|had|specified|"
            r"mentioned)|me to)",
            r"(?:more|some|any|additional|extra|further)(?: \w+)? (?:{details})(?: "
            r"(?:on|about|from) [^.?!]{1,40})? (?:would|will|could)",
            r"with (?:a (?:bit|little)(?: more)?(?: of)?|some(?: more)?|more|"
            r"additional) (?:{details})",
            r"help me (?:understand|narrow|tailor|pin|get (?:this|it) right)",
            r"(?:knowing|understanding) (?:this|that|your|which|what|more|a bit|the|how|where|"
            r"these) .{0,80}\b(?:would|will|'ll|can|could|lets?) (?:\w+ )?(?:help|allow|enable|"
            r"me|be)",
        ),
        "wants-to-know": (
            r"i(?:'d| would)?{shy} (?:like|love|want|have) to (?:know|ask|learn|clarify|"
            r"understand|check (?:which|what|whether|if|a|something|one|with)|confirm (?:which|"
            r"what|a|some|one|your|whether|the)|hear (?:which|what|"
            r"more about))(?!.{0,30}(?:anything else|thoughts))",
            r"i(?:'m| am| was|(?= wasn't))(?: a (?:bit|little)| just| still| also)* (?:wondering|"
            r"wasn't sure|"
            r"not (?:entirely |quite |completely |totally )?(?:sure|clear|certain)|unsure|"
            r"unclear|uncertain|curious)(?: about| of| on)? (?:{wh}|if you|your|i understand|"
            r"i follow)",
            r"what i (?:don't|do not)(?: yet| really)? know",
            r"i (?:don't|do not)(?: yet| really)? know (?:your|(?:{wh}) (?:you|your))",
            r"i (?:just )?have (?:a|one|two|three|some|a couple(?: of)?|"
            r"a few)(?: \w+){0,2} questions?",
        ),
        "asks-some-questions": (
            r"(?:some|several|a few|a couple(?: of)?|two|three|four|five|these|the following|"
            r"quick|one|\d)(?: (?:more|quick|clarifying|follow-up|brief|short|important|key|"
            r"basic|other|last))* (?:questions?|details|things?|clarifications?|points|"
            r"pieces of information|items)\b.{0,60}\b(?:first|before (?:i|we)|so (?:that )?(?:i|"
            r"we)|to (?:help|tailor|make sure|get (?:this|started|it)|narrow|point you|give you|"
            r"clarify|confirm|check)|for you|about your|from you|i need|i'd need|"
            r"i should (?:ask|check|know|confirm)|i want to (?:check|confirm|ask|clarify))",
            r"(?:please )?answer (?:these|the following|a few|as many)",
            r"^(?:just )?(?:a few|some|a couple of|two|one|three|quick|clarifying)?(?: (?:quick|"
            r"clarifying|more|short))* ?(?:questions?|clarifications?)(?: first| before i \w+|"
            r" for you)?:$",
            r"^to (?:clarify|narrow (?:it|this|things) down|help (?:me|you better)|make sure i|"
            r"tailor (?:this|it|my))\b.{0,40}:$",
        ),
        "tells-to-send": (
            r"^(?:(?:just|so|then|and|also|first|or|sure|great|okay|ok|simply|absolutely|got it|"
            r"of course|no problem|otherwise|alternatively)[,!—–-]* )*(?:paste|send|share|"
            r"upload|drop|give me(?! (?:the|a|your) (?:{yes}))|"
            r"tell me|attach|describe|specify|provide|list|reply with|"
            r"respond with|pick|choose|select|resend|point me|let me have|"
            r"fill me in)\b(?=.{0,120}(?:\b(?:me|here|below|i'll|i can|i will|i could|so i|"
            r"over)\b|:$))",
            r"^(?:(?:just|so|then|and|also|first|or) )*(?:paste|send|share|upload|attach|"
            r"drop) your",
            r"^(?:(?:just|so|then|and|also|first|sure|great|of course)[,!]? )*(?:give|tell|send|"
            r"show) (?:me|us) (?:{some}|your|the|all)(?! (?:{yes}))",
            r"^send (?:me|us|over)?[^.?!]{0,80}:$",
        ),
        "waits-for-it": (
            r"(?:i'll|i will|i'm|i am) (?:wait|waiting|hold off|await|awaiting|"
            r"pausing)\b.{0,40}\b(?:your (?:answer|reply|response|choice|input|decision|"
            r"details)|for (?:more|you to (?:choose|decide|tell|send|share|pick))|"
            r"until i (?:hear|know))",
            r"(?:just|but) not without",
            r"(?:can't|cannot|unable to|not able to|won't be able to|hard to|difficult to|"
            r"impossible to|tricky to)\b.{0,100}\bwithout (?:knowing|seeing|your|"
            r"more (?:{details})|(?:some|a bit|the|a few|additional|further|any|at least|"
            r"an?)(?: \w+){0,3} (?:{details}|number|id|date|file|code|name|address))",
        ),
    },
    "choice": {
        "asks-which": (
            r"(?:which|what|where|when|whom?|whose|how (?:many|much|long|big|often|old|soon|"
            r"far))\b.{0,80}\b(?:would you|do you|you'd|would|should i|should we|shall i|"
            r"you want|you prefer|you mean|did you|works|suits|to use|are you|were you|is yours|"
            r"is it|you like)",
        ),
        "offers-a-choice": (
            r"or (?!(?:is|are|if|do you (?:need|have|want)|would you like (?:help|more|to know)|"
            r"any|anything|something|need|help|have|make|not|more|some|other)\b)\w+",
            r"either",
            r"how (?:would|do|should) (?:you|i|we)",
        ),
        "asks-two-things": (
            r"and (?:if so,? )?(?:{wh}|are you(?! sure| ready| ok)|"
            r"did you|have you|(?:is|are) there|is your)",
        ),
    },
    "picks": {
        "picks": (
            r"which (?:one|of|option|\w+)|should i|shall i|(?:would|do) you prefer|to proceed",
            r"proceed with",
            r"would you like to (?:use|book|choose|go with|keep|pick|proceed|pay|add|make|"
            r"change|update|remove)",
            r"what changes|either|to (?:confirm|clarify)",
        ),
    },
    "missing": {
        "names-what-is-missing": (
            r"(?:i|we) (?:don't|do not|didn't|couldn't|haven't|did not|could not|can't|"
            r"cannot)(?: \w+)? (?:see|find|receive|received|get|got|notice|spot)(?: an?| any|"
            r" the| your| that)?(?: \w+)? (?:{attached})",
            r"(?:i|we) (?:don't|do not)(?: \w+)? have (?:an?|any|the|"
            r"your) (?:\w+ )?(?:{attached}|context)(?! (?:to|for))",
            r"you(?:'ve| have)? (?:told|given|mentioned|specified)\b.{0,60}\bbut (?:not|didn't)",
            r"i (?:wasn't|was not|haven't been) (?:given|told|provided)",
            r"(?:i'm|i am) not (?:seeing|finding|able to see)(?: an?| any| the|"
            r" your)?(?: \w+)? (?:{attached})",
            r"no (?:{attached})(?: \w+)? (?:was|were|is|came|attached|included|provided)",
            r"your (?:{attached}|request|question|prompt|description)\b.{0,40}\b(?:is|are|was|"
            r"were|seems?|appears?|got|looks?)(?: to (?:be|have been))?(?: like it was| a bit|"
            r" still)? (?:missing|cut off|cut short|truncated|incomplete|empty|blank|ambiguous|"
            r"unclear|not (?:attached|included|clear|specified))",
            r"the (?:{attached}|request|question|prompt|description|rest|end|second half|"
            r"last part)(?: you \w+)? (?:is|are|was|were|seems?|appears?|got|"
            r"looks?)(?: to (?:be|have been))?(?: like it was| a bit| still)? (?:missing|"
            r"cut off|cut short|truncated|not (?:attached|included))",
            r"the (?:request|question|prompt|description) (?:is|seems) (?:a bit |too |"
            r"quite )?(?:ambiguous|unclear|vague)",
            r"(?<!nothing )(?:is|are|was|were|got) (?:missing|cut off|left out|"
            r"absent)(?: (?:from|in) (?:your|the (?:message|request|upload|file))|$|\.| —| -)",
            r"(?:you|your (?:message|request|question|prompt|e-?mail|description)|"
            r"the request)(?: \w+)? (?:didn't|did not|doesn't|does not|haven't|have not|"
            r"hasn't) (?:seem to |appear to )?(?:come through|include|attach|specify|mention\w*|"
            r"provide\w*|say|tell|told|contain|upload\w*|give\w*|specified|said|shared|attached|"
            r"included|stated?)",
            r"(?:didn't|did not|doesn't seem to have) (?:come|go|get|make it) through",
            r"(?:forgot|forgotten|meant) to (?:attach|include|paste|add|share|send|specify|"
            r"mention)",
            r"(?:it's|it is|that's) (?:a bit |still |also |not |too )*(?:unclear|ambiguous|"
            r"vague|not clear|clear)(?: to me)? (?:{wh})(?=.*\b(?:you|your|i|me)\b)",
            r"isn't in (?:what you|your)",
            r"^(?:still |also |what's |only )*(?:missing|needed|required|outstanding|"
            r"lacking)(?: from you)?:",
        ),
    },
}
