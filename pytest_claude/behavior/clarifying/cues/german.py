"""German."""

from __future__ import annotations

BY_WORD = True

WORDS = {
    "tell": (
        r"nennen?|geben?(?: sie)?(?: mir)?|teilen?|sag(?:en|e)?|senden?|schicken?|schick|sende|"
        r"mitteilen|angeben|beschreib(?:en|e)?|präzisieren?|hochladen|laden?|lad|lade|füg(?:en|"
        r"e)?|erläutern?|erklären?|spezifizieren?|bereitstellen|wählen?|verraten?|verrate|"
        r"einfügen|übermitteln?|gib|nenne|teil|kopier(?:en|e)?"
    ),
    "wh": r"welche[rsnm]?|was|wann|wo|wer|wen|wem|wie|woher|wohin|warum|ob|wofür|wozu|worum|womit",
    "details": r"angaben|informationen?|infos?|details|einzelheiten|kontext",
    "go": (
        r"fortfahren|weitermachen|ausführen|löschen|senden|abschicken|absenden|buchen|"
        r"stornieren|bestellen|bestätigen|starten|beginnen|durchführen|deployen|mergen|"
        r"einreichen|überweisen|so machen|das tun|vornehmen|loslegen|kündigen|umsetzen|"
        r"veröffentlichen|ändern|übernehmen|das machen"
    ),
}

PHRASES = {
    "rhetorical": {
        "rhetorical": (
            r".*, (?:nicht wahr|oder nicht|gell)\?$",
            r"^(?:wussten sie|wusstest du)",
            r"^warum nicht|^(?:müde|genug|keine lust|schluss)\b",
        ),
    },
    "assumption": {
        "checks-an-assumption": (
            r"(?:sag(?:en sie)?|gib|geben sie)\b.{0,30}\b(?:bescheid|mir),? (?:wenn|"
            r"falls) (?:das|ich|du|sie)\b.{0,40}\b(?:nicht|falsch|anders|andere\w*)",
            r"korrigier(?:e|en sie) mich",
        ),
    },
    "conditional": {
        "asks-if-you-tell": (
            r"(?:wenn|falls|sobald) (?:sie|du)\b.{0,80}\b(?:mitteilen|mitteilst|nennen|nennst|"
            r"schicken|schickst|senden|sendest|sagen|sagst|geben|gibst|hochladen|hochlädst|"
            r"angeben|angibst|teilen|teilst|verraten|verrätst)",
            r"sobald ich (?:das|die|ihre?|deine?|diese)\b.{0,60}\b(?:habe|weiß|kenne|erhalte)",
        ),
    },
    "proviso": {
        "begins-with-a-case": (
            r"^(?:wenn|falls|sollten|solltest|bei) (?:sie|du|es|etwas|weiteren|fragen|noch)",
        ),
    },
    "contact": {
        "offers-in-a-case": (
            r"sag|sagen|melde\w*|bescheid|gerne?|ich kann|stehe|lass|lassen|fragen?|schick\w*",
            r"helfe",
        ),
    },
    "request": {
        "asks-to-tell": (
            r"(?:könnten|könntest|können|kannst|würden|würdest|magst|mögen) (?:sie|"
            r"du)\b.{0,100}\b(?:{tell})",
            r"bitte (?:\w+ )?(?:{tell})(?! sie (?:einen moment|sich)| bescheid,? wenn)",
            r"(?:{tell}) (?:sie |du )?(?:mir |uns )?(?:\w+ )?bitte(?! bescheid)",
            r"(?:lade|laden|schick|schicke|schicken|sende|senden|wähle|wählen|teile|teilen|gib|"
            r"geben|nenn|nenne|nennen)(?: sie)? (?:\w+ ){0,4}bitte",
            r"(?:sag|sage|sagen sie|verrat|verrate|teile?n?(?: sie)?|nenn|nenne|nennen sie|gib|"
            r"geben sie|schick|schicke|schicken sie) (?:mir|uns)(?! bescheid)",
            r"(?:darf|dürfte) ich (?:\w+ )?(?:fragen|wissen|ihre|ihren|um)",
        ),
        "says-it-needs": (
            r"(?:benötige|brauche|bräuchte|benötigen|brauchen) ich",
            r"ich (?:benötige|brauche|bräuchte)(?! (?:einen moment|kurz))",
            r"(?:muss|müsste|möchte) ich\b.{0,30}\b(?:wissen|noch wissen|erfahren)",
            r"ich (?:muss|müsste|möchte|würde gerne?)\b.{0,60}\b(?:wissen|erfahren|verstehen)",
            r"(?:mir|uns) fehl(?:t|en)",
            r"(?:wäre|ist) (?:es )?(?:hilfreich|gut|wichtig)\b.{0,20}\b(?:zu wissen|wenn)",
            r"fehl(?:t|en) (?:mir|noch|uns)",
            r"(?:ein paar|einige|zwei|drei|noch eine|eine) (?:kurze |weitere )?(?:fragen?|"
            r"{details})\b.{0,40}(?::|bevor|vorab|damit)",
        ),
    },
    "choice": {
        "offers-a-choice": (
            r"oder(?! (?:etwas|sonst|mehr))",
            r"welche[rsnm]?",
            r"wie (?:möchten|möchtest|soll)",
        ),
    },
    "confirmation": {
        "asks-to-go-ahead": (
            r"(?:soll|darf|kann) ich\b.{0,60}\b(?:{go})",
            r"soll ich(?: das| jetzt)?\?$",
            r"wirklich\b.{0,40}\b(?:{go})",
            r"(?:möchten|möchtest|wollen|willst) (?:sie|du)\b.{0,80}\b(?:wirklich|"
            r"tatsächlich)\b.{0,60}",
            r"(?:möchten|möchtest|wollen|willst) (?:sie|du)\b.{0,60}\b(?:{go})",
        ),
        "asks-whether-right": (
            r"(?:ist|sind|stimmt|passt|wäre) (?:das|dies|es|alles|"
            r"die angaben)(?: \w+){0,3}?(?: (?:so|richtig|korrekt|ok|okay|in ordnung|recht))?\?$",
            r"(?:einverstanden|richtig|korrekt|okay|in ordnung)\?$",
        ),
        "asks-to-confirm": (
            r"bestätigen sie(?! mir (?:ihre|welche))",
            r"(?:bitte )?bestätige(?:n)?\b.{0,30}\b(?:dass|ob|kurz|bitte)",
            r"bitte (?:um )?bestätig\w+",
            r"(?:sind sie|bist du)(?: sich| dir)? sicher",
            r"ja ?(?:/|oder) ?nein",
            r"antworten? (?:sie )?(?:bitte )?mit (?:…|ja)",
        ),
    },
    "more": {
        "offers-more": (r"noch|auch|zusätzlich|außerdem|weitere[rsn]?|mehr|sonst",),
    },
    "offer": {
        "offers-anything-else": (
            r"(?:sonst|noch) (?:etwas|was|irgendetwas)",
            r"kann ich\b.{0,40}\bsonst",
            r"weitere[nr]? (?:fragen|hilfe)",
            r"noch (?:fragen|hilfe|etwas)",
        ),
        "offers-to-help": (
            r"(?:wie|womit|wobei) kann ich (?:ihnen|dir|euch)?(?: heute)?(?: weiter)?\s?helfen",
            r"was kann ich\b.{0,30}\btun",
            r"(?:kann|darf) ich (?:ihnen|dir)\b.{0,40}\bhelfen",
            r"stehe (?:ich )?(?:ihnen|dir)?\b.{0,30}\bzur verfügung",
        ),
        "offers-more": (
            r"(?:möchten|möchtest|wollen|willst) (?:sie|du)\b.{0,60}\b(?:mehr|erfahren|wissen|"
            r"beispiel|dass ich|noch|weitere)",
            r"(?:soll|kann|darf) ich (?:ihnen|dir|auch|noch|das|dazu|dafür|ein|eine|einen)",
            r"interessiert (?:sie|dich)",
            r"soll ich\b.{0,60}\b(?:eingehen|erklären|zeigen|erläutern|vertiefen|ergänzen|"
            r"auflisten)",
        ),
        "offers-on-request": (
            r"(?:sag|sage|sagen sie|gib|geben sie|lass|lassen sie)\b.{0,30}\b(?:bescheid|wissen)",
            r"(?:melde dich|melden sie sich|zögern sie nicht|frag(?:en sie)? (?:gerne?|einfach|"
            r"jederzeit))",
            r"(?:wenn|falls) (?:du|sie)\b.{0,60}\b(?:möchtest|möchten|brauchst|brauchen|willst|"
            r"wollen|hast|haben|benötigst|benötigen)",
            r"(?:gerne|jederzeit) (?:für|bei) ",
        ),
        "offers-a-look-back": (
            r"(?:hilft|passt|gefällt) (?:dir|ihnen|das|es)\b",
            r"was (?:meinst du|meinen sie|denkst du|halten sie)",
        ),
    },
    "missing": {
        "names-what-is-missing": (
            r"(?:ich|du|sie) (?:sehe|finde|habe|hast|haben) (?:leider )?kein(?:e|en)? (?:anhang|"
            r"datei|anhänge|bild|"
            r"dokument|text|angabe\w*)",
            r"(?:anhang|datei|bild|angabe\w*|nachricht)\b.{0,40}\b(?:fehlt|fehlen|"
            r"nicht angekommen|abgeschnitten|leer|unvollständig)",
            r"(?:ist|mir ist) (?:nicht|un)\s?klar, {wh}",
        ),
    },
    "decline": {
        "declines": (
            r"(?:kann|darf|werde|möchte) ich\b.{0,60}\bnicht",
            r"ich (?:kann|darf|werde|könnte)\b.{0,80}\b(?:nicht|keine[nrs]?)\b(?! (?:finden|"
            r"sehen|sicher))",
            r"ich habe (?:leider )?(?:keinen?|nicht) (?:zugriff|zugang|möglichkeit|berechtigung|"
            r"werkzeug\w*)",
            r"(?:nicht|leider) (?:in der lage|imstande|befugt|berechtigt)",
        ),
        "says-not-possible": (
            r"leider\b.{0,100}\b(?:nicht|keine[nrsm]?|unmöglich)",
            r"(?:ist|sind)\b.{0,40}\b(?:nicht möglich|nicht erlaubt|ausgeschlossen|"
            r"nicht gestattet)",
        ),
    },
    "alternative": {
        "offers-an-alternative": (
            r"stattdessen|alternativ\w*|andere[rsn]?|weiterleiten|mitarbeiter\w*|verbinden",
        ),
    },
    "assumes": {
        "assumes": (
            r"angenommen|annahme|ausgegangen|gehe davon aus|vermutlich|vorläufig|platzhalter\w*",
            r"unter der annahme",
        ),
    },
    "opener": {
        "opens": (
            r"^(?:gerne?|super|toll|prima|schön|natürlich|klar|sicher|danke|vielen dank|hallo|"
            r"guten tag|verstanden|okay|alles klar|kein problem|ja)",
        ),
    },
    "chats": {
        "asks-for-company": (
            r"und (?:du|sie|dir|ihnen|selbst)\?|(?:hast|haben|warst|waren) (?:du|sie) (?:schon|"
            r"auch|mal)",
            r"(?:planst|planen|überlegst|denkst|liest|lernst|magst|mögen|spielst) (?:du|sie)|"
            r"lieblings\w+",
            r"wie (?:war|ist|geht|lief|fühlst|fühlen)|was hat (?:dich|sie)",
        ),
    },
    "waits": {
        "waits": (r"noch|bis|ohne|bevor|solange|erst",),
    },
    "unsettled": {
        "names-several": (
            r"mehrere|kommt (?:darauf|drauf) an|zwei|drei|hängt|mehrdeutig|verschiedene|gefunden",
        ),
    },
    "refines": {
        "refines": (r"genauer\w*|anpass\w*|eingrenz\w*|konkreter|grob\w*",),
    },
    "feels": {
        "feels": (
            r"glückwunsch|gratuliere|beileid|wie schön|tut mir (?:sehr |so )?leid|freut mich für",
        ),
    },
    "decides": {
        "decides-how-to-go-on": (
            r"welche\w*|möchte\w*|willst|wollen|brauch\w*|mein(?:st|en|test|ten)|soll|nummer|"
            r"datum|budget|art|oder",
        ),
    },
    "tells_of_oneself": {
        "tells-of-oneself": (r"^(?:ich|mein\w*|wir|heute|endlich|morgen)\b",),
    },
    "names_the_user": {
        "names-the-user": (r"sie|du|ihr|ihre[nmrs]?|ihnen|dein\w*|dir|dich|euch",),
    },
    "addresses": {
        "addresses": (
            r"sie|du|ihr|ihre[nmrs]?|ihnen|dein\w*|dir|dich|euch|euer|eure\w*|ich",
            r"welche[rsnm]?|\w+st(?= du)|soll",
        ),
    },
    "explains": {
        "explains-a-question": (
            r"^(?:damit|so kann|dann|zum beispiel|z\. ?b|etwa|das (?:hilft|würde)|ich)",
        ),
    },
    "shows": {
        "announces-content": (
            r"(?:frag(?:e|en sie) (?:dich|sich|ihn|sie)|überleg(?:e|en sie)? (?:dir|sich)|"
            r"fragen an|interviewfragen|hier (?:ist|"
            r"sind)\b.{0,60}\b(?:e-?mail|brief|entwurf|text|fragen|dialog|übersetzung|nachricht|"
            r"version))",
        ),
    },
    "tail": {
        "hangs-an-offer-on": (
            r",? oder (?:ob|wenn|falls|gibt es|kann ich|benötigen|brauchst) .*$",
        ),
    },
    "wants_questions": {
        "wants-questions": (r"quiz|umfrage|fragebogen|faq|rätsel|\w*fragen",),
    },
    "wants_text": {
        "wants-a-text": (
            r"(?:schreib\w*|erstell\w*|verfass\w*|entwirf|formulier\w*|"
            r"mach\w*)\b.{0,100}\b(?:e-?mail|brief|geschichte|gedicht|lied|dialog|text|nachricht|"
            r"aufsatz|artikel|szene|gespräch|beitrag|rede|whatsapp|sms|einladung|absage|zusage|"
            r"antwort|anfrage|kündigung|beschwerde|bewerbung)",
            r"rollenspiel",
        ),
    },
    "wants_rewrite": {
        "wants-a-rewrite": (
            r"übersetz\w*|umformulier\w*|korrigier\w*|formulier\w*\b.{0,30}\bum|wie sagt man",
        ),
    },
    "about_text": {
        "speaks-about-the-text": (
            r"text\w*|satz|übersetz\w*|sprache|fassung|ton|formell|anrede|meinst|meinen",
        ),
    },
}
