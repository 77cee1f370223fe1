"""What stands around, in the reply and in the prompt."""

from __future__ import annotations

PHRASES = {
    "assumes": {
        "assumes": (
            r"(?:i|we)(?:'ve|'ll|'d| have| will| would)?(?: just)? assum\w+|assuming",
            r"(?:that|which|this) assumes",
            r"if (?:you|it|that|the|this)\b.{3,100}[;,] (?:and |or |but )?if (?:you|it|that|the|"
            r"this)",
            r"stand-ins?|dummy|assumptions?|assumed|i went with|best guess|(?:rather than|"
            r"instead of) guessing|by default|as a default|defaulted",
            r"in the meantime|the part i could|placeholders?|supposing|for now",
            r"if (?:that|this) (?:isn't|doesn't|didn't|is not|does not)",
            r"as a starting point",
            r"i(?:'ve| have)? (?:used|chose|chosen|picked|guessed|interpreted|took|taken)",
            r"taking (?:it|this|that) (?:as|to)|interpret(?:ed|ing)|presum(?:e|ed|ing|ably)",
            r"(?:first|rough) draft|general (?:overview|answer|outline|advice|guidance)",
            r"filled in|typical values|tentative|provisional|based on the (?:standard|usual|"
            r"typical|average|default)",
        ),
    },
    "opener": {
        "opens": (
            r"^(?:sure|of course|certainly|absolutely|happy|i'd be|i would be|i'll be|i can|"
            r"i'm happy|great|thanks|thank you|got it|understood|okay|ok|no problem|hello|hi|hey|"
            r"i understand|i see|alright|sounds|that's an?|good|nice|wonderful|i'm sorry|sorry|"
            r"apologies|i apologize|let me|let's|yes(?=[,!.])|welcome|i'd love|before|in order|"
            r"congratulations|first)",
        ),
    },
    "refines": {
        "refines": (
            r"(?:tailor|refine|narrow|tune|fine-tune|adjust|adapt|personali[sz]e|sharpen|"
            r"firm up)\w*",
            r"(?:say|work|tell|figure|calculate)\b.{0,20}\b(?:exactly|precisely)",
            r"^if (?:it|you|that|so)(?:'s|'re| is| are)?\b.{3,60},? (?:it|i|you|that)(?:'d|'s|"
            r" would| is)",
            r"safe bet|rule of thumb|on average",
            r"more (?:exact|precise|accurate|specific|personal\w*|targeted|realistic)\w*",
            r"(?:better|closer|exact|precise|accurate) (?:estimate|fit|answer|number|range|figure)",
            r"(?:very |pretty )?rough (?:guide|estimate|idea|range|figure|sketch)|ballpark|"
            r"kept (?:it|this) (?:general|generic|broad)",
        ),
    },
    "replies": {
        "replies": (
            r"^(?:yes|no|nope|yep|probably|maybe|perhaps|usually|not|because|absolutely|"
            r"\w+(?: \w+)? (?:say|says|said|argues?|holds?|would say|answers?) (?:yes|no|that)|"
            r"(?:these|those|they)(?:'re| are| may| might| could)(?: be)? (?:\w+ ){0,3}(?:signs?|"
            r"symptoms?|indicators?|clues?|hallmarks?|flags?)|(?:it|they|he|she|that|this) (?:is|"
            r"was|would|does|did|do|can|could|has|will|isn't|wouldn't|doesn't|didn't|don't|"
            r"can't)[,.]|(?:done|great|good|fine|perfect|bad|wrong|right|correct)[.!]|definitely|"
            r"of course|rarely|hardly|it depends|simple|exactly|only if|then,? (?!i|we|please|"
            r"could|can)\w+|that's (?:a|an|one|another|your|the|why|when|how)|if (?:so|not|yes|no|"
            r"two|most|any|all|neither|none|both|the answers?),? (?!i|we|please|could|can|send|"
            r"share|tell|let|which|what|give|paste|how|when|where)\w+)",
        ),
    },
    "speaks_as_one": {
        "speaks-as-one": (r"i|me|my",),
    },
    "speaks_as_many": {
        "speaks-as-many": (r"us|we|our",),
    },
    "names_the_user": {
        "names-the-user": (r"you|your|yours|yourself",),
    },
    "addresses": {
        "addresses": (r"though\?$|you|your|yours|yourself|i|which (?:\w+ )?should",),
    },
    "explains": {
        "explains-a-question": (
            r"^(?:this|that|it) (?:will|would|'ll|helps?|lets|makes|affects|determines|matters|"
            r"can|could|might|changes)",
            r"^(?:your answers?|your (?:response|input|preference)|knowing|these|those|having|"
            r"understanding|e\.g|for (?:example|instance)|such as|i ask because|i'm asking|"
            r"the reason i|either|if (?:so|it|you|not)|the (?:options|choices|more)|options|or|"
            r"once|then|i want|i just|so (?:that )?i|i|with|depending|some (?:options|examples)|"
            r"alternatively|just|no (?:rush|worries|pressure)|feel free|maybe|perhaps|thanks?|"
            r"i can|i could|also|additionally|here are|you (?:can|could)|i see|i found|i noticed|"
            r"you(?:'ve| have))",
            r"(?:will|would|can|could) (?:\w+ )?(?:be (?:\w+ )?different|differ|change|depend)",
        ),
    },
    "shows": {
        "asks-oneself": (
            r"(?:ask|asks|asking) (?:yourself|himself|herself|themselves|ourselves|myself)",
        ),
        "announces-content": (
            r"\w+'s questions|(?:open|leading|closed|guiding) (?:questions|prompts)",
            r"(?:things|points|questions) to (?:check|consider|keep in mind|clarify with)",
            r"checklist|(?:think about|consider|weigh|check)\b.{0,40}\b(?:things|questions|points|"
            r"factors)",
            r"^(?:usually|typically|often|mostly|commonly)$",
            r"(?:another|this|simple|the big|the key|the real|age-old|eternal|famous) question",
            r"(?:it|they|\w+s) (?:should |must |will |then )?(?:answers?|asks?|covers?|"
            r"addresse?s?)$|(?:could|can|might|should|may) ask|asks(?! (?:me|for|that|you))",
            r"ask (?:yourself|them|him|her|your \w+|the \w+|a \w+|an \w+|people|someone|others)",
            r"questions (?:to (?:ask|consider)|for (?:yourself|yourselves|oneself)|you (?:can|"
            r"could|might|should|may) ask|"
            r"for (?:your|the|a|an) (?!tas|requ)\w+)",
            r"(?:asks?|asked|asking) (?:\w+ ){0,3}(?:things|questions)",
            r"(?<!my )questions\b.{0,40}\b(?:are|were|is)",
            r"(?:here(?:'s| is| are)|below (?:is|are)|sample|example|draft|possible|"
            r"suggested)\b.{0,80}\b(?:e-?mail|letter|draft|message|translation|version|script|"
            r"quiz|questions|survey|questionnaire|dialogue|conversation|poem|story|template|"
            r"lyrics|riddles?|joke|prompts?|reply|response|paragraph|text|post|speech|scene|"
            r"example|faq|trivia|rewrite)",
        ),
    },
    "uses": {
        "says-what-for": (
            r"for me (?:to|so)|so (?:that )?(?:i|we) (?:can|could|know)",
            r"(?:and|then) i(?:'ll| will| can| could)|i can (?:help|then|better)",
        ),
    },
    "wants_questions": {
        "wants-questions": (
            r"quiz(?:zes)?|questionnaire",
            r"(?:feedback|intake|registration|application|order|sign-?up|evaluation) form",
            r"survey|faqs?|trivia|riddles?|icebreakers?|flashcards?|checklists?|(?:conversation|"
            r"discussion) starters?",
            r"exam|poll|jokes?|^questions|questions to ask",
            r"(?:\d+|two|three|four|five|six|ten|some|few|good|best|great|more|"
            r"what) (?:\w+ )?questions",
            r"(?:interview|discovery|discussion|practice|example|sample|quiz|review|open-ended|"
            r"trick|test|survey|multiple[- ]choice|comprehension|screening|"
            r"follow-up) (?:questions?|problems?)",
            r"(?:write|create|generate|make|draft|compose|prepare|come up with|give me|list|"
            r"suggest|produce|think of|design|formulate|brainstorm|need|"
            r"want)\b.{0,60}\bquestions",
        ),
    },
    "wants_asking": {
        "wants-to-be-asked": (r"(?:interview|quiz|test|ask|examine) me",),
    },
    "wants_text": {
        "wants-a-text": (
            r"(?:write|create|generate|make|draft|compose|prepare|come up with|give me|produce|"
            r"continue|complete|need|want|design|build|tell)\b.{0,120}\b(?:e-?mails?|letters?|"
            r"story|stories|poems?|songs?|dialog(?:ue)?s?|scripts?|conversations?|messages?|"
            r"posts?|tweets?|essays?|text|sentences?|paragraphs?|speech|scene|lyrics|templates?|"
            r"articles?|blog|monologue|role-?play|chat|captions?|ads?|reply|response|greeting|"
            r"invitation|announcement|slogans?|haiku|limerick|rap|novel|chapter|review|titles?|"
            r"headlines?|examples?|prompts?|problem|descriptions?|hooks?|pitch\w*|cop(?:y|ies)|"
            r"bios?|"
            r"intro\w*|openings?|openers?|voicemail|notes?|cards?|toasts?|sms|whatsapp|dms?)",
            r"(?:write|draft|compose|word|continue:?|finish)\b(?!.{0,80}\b(?:functions?|scripts?|"
            r"code|query|queries|sql|tests?|regex|class|classes|program|app|module|dockerfile|"
            r"workflow|config\w*|migrations?|plan|report|it|this|that)\b)",
            r"^(?:an? )?(?:outline|ideas|titles|headlines|captions?|copy|text|slogans?) (?:for|"
            r"about|on)",
            r"(?:reply|respond|answer) to (?:this|the|my) (?:e-?mail|customer|message|review|"
            r"letter|comment|client)",
        ),
    },
    "wants_verse": {
        "wants-verse": (
            r"poems?|songs?|haikus?|lyrics|limericks?|rap|verses?|rhymes?|couplets?|sonnets?",
        ),
    },
    "wants_role": {
        "wants-a-role": (
            r"role-?play\w*|pretend|act as|play the|in character|let's play|simulate|noir",
            r"dungeon|(?:text )?adventure",
            r"you are (?:a|an) (?:detective|character|knight|wizard|pirate|villain|hero|captain)",
        ),
    },
    "wants_fact": {
        "asks-for-a-fact": (
            r"^(?:(?:hey|hi|please|can you|could you|tell me|so|ok|and),? )*(?:who|when|where|why|"
            r"how (?:(?:do|does|did|is|are|was|were|can|many|much|long|tall|old|far|big|fast|"
            r"hot)\b)|what(?:'s| is| are| was| were| does| do| did| makes| causes)|is|are|does|do|"
            r"did|was|were|can|explain|compare|define|describe|pros and cons|tell me (?:about|a)|"
            r"give me a)\b(?! you\b)(?!.*\b(?:my|mine|me|we|our|this|it|that|these|those|should i|"
            r"here|which)\b)(?!.*\bi\b(?<!how do i)(?<!how can i)).*$",
        ),
    },
    "wants_talk": {
        "asks-about-the-assistant": (
            r"(?:do|are|have|did|would) you (?:like|think|feel|enjoy|believe|ever|a|an|real|human)",
            r"^(?:so |and )?(?:(?:what|who|how|where|when) )?(?:do|did|are|have|were|"
            r"would) you\b(?!.*\b(?:recommend|suggest|offer|have|sell|ship|help|mean|need|know|my|"
            r"me|i|support|accept|do)\b)",
            r"what(?:'s| is| are) your (?:favou?rite|opinion|name|view|thoughts)|"
            r"what do you think|how are you|who are you",
        ),
        "tells-of-oneself": (
            r"^(?:hi|hello|hey|thanks|thank you|good (?:morning|afternoon|evening|"
            r"night))\b.{0,20}$",
            r"^(?:so |wow |guess what |today )*(?:i|we)(?:'ve| have|'m| am| was| just| finally|"
            r" really| so| been| feel)* (?:got (?:the|a|into|married|engaged|promoted)|finished|"
            r"adopted|passed|won|graduated|feeling|love|hate|miss|tired|happy|sad|excited|lonely|"
            r"read|saw|watched|went|proud|nervous|bored)\b(?!.*\?)",
            r"^my (?:[\w']+ ){1,3}(?:died|passed|started|got|was born|left|broke up|knocked|"
            r"turned)\b(?!.*\?)",
        ),
    },
    "tells_of_oneself": {
        "tells-of-oneself": (
            r"^(?:so |well |guess what,? |today )*(?:i|i'm|i've|my|we|we're|our)\b(?!.*\b(?:want|"
            r"need|like to|looking|trouble|problems?|help|issues?|can't|wrong|error|broken|"
            r"should)\b)",
        ),
    },
    "wants_rewrite": {
        "wants-a-rewrite": (
            r"(?<!or )(?:translate|translation|rewrite|re-?phrase|paraphrase|reword|proofread|"
            r"polish|correct|title)",
            r"(?:fix|improve|check|edit) (?:the|this|my) (?:grammar|sentence|text|wording|"
            r"paragraph|e-?mail|writing|spelling)",
            r"how (?:do|would|can) (?:you|i) say(?! it| this| that)|(?:in)?to an? question|"
            r"as an? question",
            r"make (?:this|it) (?:sound )?(?:more )?(?:polite|formal|professional|shorter)",
        ),
    },
    "about_text": {
        "speaks-about-the-text": (
            r"text|sentence|translate\w*|translation|rephrase\w*|rewrite\w*|language|version",
            r"tone|paste|variety|formal|passage|paragraph|wording|audience",
            r"you'd like (?:me|translated)|would you like|do you want|did you mean|you mean",
            r"original|dialect|context|phrase|word|term|refer\w*|talking about|ambiguous",
        ),
    },
}
