"""French."""

from __future__ import annotations

BY_WORD = True

WORDS = {
    "tell": (
        r"donner|fournir|indiquer|préciser|partager|envoyer|dire|décrire|clarifier|joindre|"
        r"communiquer|transmettre|coller|spécifier|expliquer|détailler|confirmer (?:quel\w*|"
        r"votre|ton|ta|la|le)|choisir|renvoyer|réenvoyer|m'en dire|télécharger|téléverser|"
        r"rappeler|lister|éclaircir|sélectionner|nous dire|me dire|reformuler"
    ),
    "tell_me": (
        r"dites|dis|indiquez|indique|précisez|précise|donnez|donne|envoyez|envoie|fournissez|"
        r"fournis|partagez|partage|collez|colle|choisissez|choisis|décrivez|décris|communiquez|"
        r"joignez|joins|sélectionnez|transmettez|expliquez"
    ),
    "wh": (
        r"quel(?:le)?s?|où|quand|qui|que|quoi|comment|combien|si|pourquoi|lequel|laquelle|"
        r"lesquels|lesquelles"
    ),
    "go": (
        r"continuer|continue|procéder|procède|supprimer|supprime|annuler|annule|envoyer|envoie|"
        r"réserver|réserve|confirmer|confirme|valider|valide|exécuter|exécute|déployer|déploie|"
        r"poursuivre|poursuive|faire|fasse|lancer|lance|appliquer|applique|passer (?:la|"
        r"votre) commande|publier|payer|effectuer|effectue|modifier|modifie|finaliser|finalise"
    ),
}

PHRASES = {
    "rhetorical": {
        "rhetorical": (
            r"^(?:marre|fatiguée?s?|lassée?s?|envie) d",
            r".*, (?:n'est-ce pas|non|pas vrai) ?\?$",
            r"^(?:et )?pourquoi pas",
            r"^(?:saviez-vous|savais-tu|le saviez-vous)",
        ),
    },
    "assumption": {
        "checks-an-assumption": (
            r"(?:dites-moi|dis-moi|corrigez-moi|corrige-moi|"
            r"faites-moi savoir) si (?:je me trompe|ce n'est pas|vous pensiez|vous vouliez|"
            r"tu voulais|tu pensais)",
        ),
    },
    "conditional": {
        "asks-if-you-tell": (
            r"si (?:vous|tu) (?:me |m'|nous |pouvez |peux |pourriez )+(?:{tell}|\w+ez|\w+es)\b",
            r"(?:dès que|une fois que|lorsque|quand) (?:vous|tu|j'aurai|je connaîtrai)\b.{0,80}",
        ),
    },
    "proviso": {
        "begins-with-a-case": (
            r"^(?:si|en cas de|au cas où) (?:vous|tu|quelque|besoin|nécessaire|cela|ça|jamais|"
            r"problème)",
        ),
    },
    "contact": {
        "offers-in-a-case": (
            r"dites|dis-moi|faites-le|n'hésite\w*|je peux|je (?:suis|reste)|faites-moi",
            r"contact\w*",
            r"demand\w*|volontiers",
        ),
    },
    "request": {
        "asks-to-tell": (
            r"(?:pourriez|pouvez|voudriez|peux|pourrais|voulez)[- ](?:vous|"
            r"tu)\b.{0,60}\b(?:{tell})",
            r"(?:pourriez|pouvez|peux|pourrais)[- ](?:vous|tu) (?:l[ae]s? )?(?:{tell})",
            r"veuillez (?:{tell}|nous|m'|me|\w+er)\b(?! patienter)",
            r"vous (?:prie|prions|demande|demandons) de (?:bien vouloir |nous |me |m')*(?:{tell})",
            r"merci de (?:bien vouloir |nous |me |m')*(?:{tell})",
            r"(?:{tell_me})[- ](?:moi|nous)(?! (?:si|quand))",
            r"(?:s'il vous plaît|s'il te plaît|svp|stp),? (?:{tell_me})",
            r"(?:{tell_me})\b.{0,60}\b(?:s'il vous plaît|s'il te plaît|svp|stp)",
            r"puis-je (?:avoir|savoir|connaître|vous demander)",
        ),
        "says-it-needs": (
            r"j'(?:ai|aurais|aurai) (?:encore |aussi |juste |seulement )?besoin (?:de|d'|"
            r"que)(?! un (?:instant|moment))",
            r"il me (?:faut|faudrait|manque|manquerait|faudra)",
            r"il manque",
            r"(?:j'aimerais|je voudrais|je dois|j'aurais aimé) (?:d'abord )?(?:savoir|connaître|"
            r"comprendre)",
            r"(?:il serait|ce serait|il est) (?:utile|bien|nécessaire|important) (?:de savoir|"
            r"de connaître|que)",
            r"(?:quelques|deux|trois|une|des) (?:petites? )?(?:questions?|précisions?|"
            r"informations?)\b.{0,40}(?::|avant|pour)",
        ),
    },
    "choice": {
        "offers-a-choice": (
            r"ou(?! (?:autre|avez|besoin|d'autre|encore))\b",
            r"quel(?:le)?s?|lequel|laquelle",
            r"préférez|préfères|préférerais",
            r"comment (?:souhaitez|voulez|veux)",
        ),
    },
    "confirmation": {
        "asks-to-go-ahead": (
            r"(?:dois-je|puis-je|est-ce que je (?:dois|peux)|je peux) (?:{go})",
            r"(?:voulez|souhaitez|veux|souhaites)[- ](?:vous|tu) (?:vraiment |toujours |"
            r"bien )?(?:que je |l[ae]s? )?(?:{go}|supprimer)",
            r"(?:voulez|souhaitez|veux)[- ](?:vous|tu) vraiment",
            r"(?:on y va|d'accord|ça vous va|cela vous convient|ça te va|êtes-vous d'accord) ?\?",
        ),
        "asks-whether-right": (
            r"(?:est-ce|c'est|est-ce que c'est|tout est)(?: bien)? (?:correct|exact|bon|juste|"
            r"ça|cela|bien ça) ?\??$",
        ),
        "asks-to-confirm": (
            r"confirmez-vous|confirmes-tu|veuillez confirmer|merci de confirmer",
            r"(?:pouvez|pourriez|peux)[- ](?:vous|tu) (?:me )?confirmer(?! (?:quel|votre|ton|la|"
            r"le))",
            r"(?:êtes-vous|es-tu) (?:sûre?|certaine?)",
            r"oui ?(?:/|ou) ?non",
            r"répond\w* (?:par )?(?:…|oui)",
        ),
    },
    "more": {
        "offers-more": (r"aussi|également|d'autres?|plus|encore|autre",),
    },
    "offer": {
        "offers-to-explain": (
            r"(?:tu veux|vous voulez|tu souhaites|vous souhaitez) (?:que je (?:t'|te |vous )\w+|"
            r"en savoir)",
        ),
        "offers-a-thing": (
            r"(?:voulez|souhaitez|veux|souhaites|désirez|aimeriez)[- ](?:vous|tu) (?:une?|des|la|"
            r"les|le) "
            r"(?:liste|exemples?|détails?|explications?|versions?|résumés?|suite|recettes?|"
            r"tableau)",
        ),
        "offers-anything-else": (
            r"autre chose",
            r"d'autres? (?:questions?|chose)",
            r"besoin d'autre",
        ),
        "offers-to-help": (
            r"(?:comment|en quoi|que) (?:puis-je|est-ce que je peux|je peux)\b.{0,30}\b(?:aider|"
            r"faire|être utile)",
            r"puis-je (?:vous |t')?(?:aider|faire)",
        ),
        "offers-more": (
            r"(?:voulez|souhaitez|veux|souhaites|aimeriez|aimerais|désirez)[- ](?:vous|"
            r"tu)\b.{0,60}\b(?:savoir|plus|que je|d'autres?|exemples?|explorer|approfondir|"
            r"aussi|voir|aide)",
            r"(?:dois-je|puis-je) (?:aussi|également|vous|te|ajouter)",
            r"avez-vous besoin",
        ),
        "offers-on-request": (
            r"n'hésite[zs]?",
            r"(?:dites-moi|dis-moi|faites-moi savoir|fais-moi signe) (?:si|quand|ce que)",
            r"(?:dites|dis)-le[- ]moi",
            r"si (?:vous|tu) (?:avez|as|voulez|veux|souhaitez|souhaites|le souhaitez|désirez|"
            r"préférez|êtes intéressé\w*)",
            r"je (?:reste|suis) à votre",
        ),
        "offers-a-look-back": (
            r"(?:cela|ça|ceci) (?:vous|t'|te) (?:aide|convient|plaît|semble)",
            r"qu'en (?:pensez-vous|penses-tu)",
            r"est-ce clair",
        ),
    },
    "missing": {
        "names-what-is-missing": (
            r"je ne (?:vois|trouve)\b.{0,30}\b(?:pièce jointe|fichier|image|document|texte|lien)",
            r"(?:aucun|pas de) (?:fichier|pièce jointe|image|document|texte)",
            r"(?:message|fichier|texte)\b.{0,30}\b(?:coupé|incomplet|vide|manque)",
            r"(?:n'est pas|pas très) clair",
        ),
    },
    "decline": {
        "declines": (
            r"je (?:ne (?:vais|peux|souhaite) pas (?:vous |t')?(?:aider|écrire|faire|partager)|"
            r"refuse)",
            r"je ne (?:peux|suis|pourrai|saurais|puis)\b.{0,40}\b(?:pas|aucun\w*)",
            r"je n'ai (?:pas|aucun\w*) (?:accès|l'autorisation|d'outil|outil|la possibilité|"
            r"le droit|de moyen)",
            r"je ne dispose (?:pas|d'aucun)",
            r"je refuse",
        ),
        "says-not-possible": (
            r"(?:malheureusement|hélas)\b.{0,120}\b(?:pas|aucun\w*|impossible)",
            r"(?:n'est|ne sont|n'est malheureusement) pas (?:possible|autorisée?s?|permise?s?|"
            r"remboursables?|modifiables?)",
            r"(?:désolée?|regrette),? mais\b.{0,60}\b(?:pas|impossible)",
        ),
    },
    "alternative": {
        "offers-an-alternative": (
            r"à la place|plutôt|alternativ\w*|autres? (?:options?|vols?|dates?|solutions?)",
            r"transférer|conseiller|agent",
        ),
    },
    "assumes": {
        "assumes": (
            r"suppos\w*|j'ai (?:utilisé|choisi|pris)|en partant du principe|hypothèse",
            r"par défaut|pour l'instant|provisoire\w*|présum\w*",
        ),
    },
    "opener": {
        "opens": (
            r"^(?:bien sûr|certainement|avec plaisir|merci|bonjour|d'accord|compris|parfait|"
            r"très bien|oui|volontiers|je comprends)",
        ),
    },
    "chats": {
        "asks-for-company": (
            r"et (?:toi|vous)|(?:avez-vous|as-tu|êtes-vous|es-tu) (?:déjà|un|une|fan|allé)|"
            r"préféré\w*",
            r"(?:prévoyez|envisagez|pensez|comptez|aimez|jouez)-vous|(?:prévois|envisages|penses|"
            r"aimes)-tu",
            r"comment (?:vous sentez|te sens|s'est|ça s'est|c'était|allez|vas|était)|"
            r"qu'est-ce qui (?:vous|t')",
        ),
    },
    "waits": {
        "waits": (r"encore|avant|sans|tant|pas assez",),
    },
    "unsettled": {
        "names-several": (r"dépend|plusieurs|deux|trois|ambigu\w*|différent\w*|trouvé",),
    },
    "refines": {
        "refines": (r"plus précis\w*|affiner|adapter|personnalis\w*|ajuster|environ",),
    },
    "feels": {
        "feels": (
            r"félicitations|bravo|quelle (?:bonne |belle )?nouvelle|condoléances|"
            r"désolée? pour vo\w+|génial",
        ),
    },
    "decides": {
        "decides-how-to-go-on": (
            r"quel\w*|lequel|voulez|souhaitez|préfér\w*|besoin|parlez|dois|numéro|date|budget|"
            r"type|ou",
        ),
    },
    "tells_of_oneself": {
        "tells-of-oneself": (r"^(?:j'\w+|je|mon|ma|mes|on|nous|aujourd'hui|enfin|demain)\b",),
    },
    "names_the_user": {
        "names-the-user": (r"vous|votre|vos|tu|ton|ta|tes|te|toi",),
    },
    "addresses": {
        "addresses": (r"vous|votre|vos|tu|ton|ta|tes|te|toi|je|quel(?:le)?s?|lequel|laquelle",),
    },
    "explains": {
        "explains-a-question": (r"^(?:cela (?:me|m')|ainsi|par exemple|afin|pour|comme ça|ça m)",),
    },
    "shows": {
        "announces-content": (
            r"(?:demandez-vous|demande-toi|questions (?:à poser|d'entretien|pour)|"
            r"voici\b.{0,60}\b(?:e-?mail|courriel|lettre|brouillon|texte|questions|dialogue|"
            r"traduction|message|version))",
        ),
    },
    "tail": {
        "hangs-an-offer-on": (
            r",? ou (?:si (?:vous|tu) (?:avez|as)|avez-vous besoin|y a-t-il) .*$",
        ),
    },
    "wants_questions": {
        "wants-questions": (
            r"quiz|sondage|questionnaire|devinettes?|faq|foire aux questions",
            r"questions (?:d'entretien|pour|sur|de)|examen",
        ),
    },
    "wants_text": {
        "wants-a-text": (
            r"(?:écri\w*|écris|rédig\w*|crée\w*|génèr\w*|compos\w*|invente\w*|"
            r"fais)\b.{0,100}\b(?:e-?mail|courriel|mail|lettre|histoire|poème|chanson|dialogue|"
            r"texte|message|essai|article|scène|conversation|discours|sms|texto|invitation)",
            r"jeu de rôle",
        ),
    },
    "wants_rewrite": {
        "wants-a-rewrite": (r"tradui\w*|reformul\w*|réécri\w*|corrig\w*|comment dit-on",),
    },
    "about_text": {
        "speaks-about-the-text": (
            r"texte|phrase|tradui\w*|traduction|langue|version|ton|formel\w*|voulez|souhaitez",
            r"parlez",
        ),
    },
}
