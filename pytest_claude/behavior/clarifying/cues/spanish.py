"""Spanish."""

from __future__ import annotations

BY_WORD = True

WORDS = {
    "tell": (
        r"indíque\w*|proporcion\w*|facilit\w*|compart\w*|indic\w*|indíc\w*|especific\w*|"
        r"aclar\w*|d(?:ar|ime|ígame|ame|arme|eme|é)|dec(?:ir|irme|irnos)|díga\w*|envi\w*|"
        r"enví\w*|mand\w*|mánd\w*|peg\w*|describ\w*|adjunt\w*|sub(?:ir|a|e|irlo|irla|irme)|"
        r"precis(?:ar|e|arme)|confirmarme|confirmar (?:qué|cuál|tu|su)|detall\w*|explic(?:ar|"
        r"arme|a|ame)|elegir|elija|elige|seleccion\w*|cont(?:ar|arme|ame)|cuént\w*|pas(?:ar|"
        r"arme|ame)|mencion\w*|list(?:ar|e|a)|informar\w*|mostrar\w*|reenvi\w*|escrib(?:ir|e|"
        r"a) (?:tu|su|el|la)|comp[aá]rt\w*"
    ),
    "wh": r"qué|cuál(?:es)?|cuándo|dónde|adónde|quién(?:es)?|cómo|cuánt[oa]s?|si",
    "details": r"información|datos|detalles|contexto",
    "go": (
        r"continu\w*|proced\w*|proceda|sig[ao]|elimin\w*|borr\w*|cancel\w*|envi\w*|reserv\w*|"
        r"confirm\w*|ejecut\w*|despleg\w*|despliegu\w*|hag[ao]|realic\w*|complet\w*|aplic\w*|"
        r"apliqu\w*|public\w*|publiqu\w*|guard\w*|cambi\w*|pag\w*|compr\w*|adelante|hacerlo|"
        r"actualic\w*|tramit\w*"
    ),
}

PHRASES = {
    "rhetorical": {
        "rhetorical": (
            r".*, (?:verdad|no|cierto)\?$",
            r"^¿?(?:cansad[oa]|hart[oa]) de|^¿?(?:y )?(?:por qué no|sabías que|sabía que|"
            r"te imaginas)",
        ),
    },
    "assumption": {
        "checks-an-assumption": (
            r"(?:avísame|dime|corrígeme|avíseme|dígame|corríjame) si (?:me equivoco|no|"
            r"es otr\w*|querías|te referías|se refería|estoy)",
        ),
    },
    "conditional": {
        "asks-if-you-tell": (
            r"si (?:me|nos) (?:puedes?|podrías?|podría|das?|dices?|dice|indicas?|envías?|envía|"
            r"compartes?|comparte|pasas?|cuentas?|proporcionas?|facilitas?)",
            r"(?:cuando|en cuanto|una vez que) (?:me |tenga |nos )\b.{0,60}",
        ),
    },
    "proviso": {
        "begins-with-a-case": (
            r"^(?:si|en caso de que) (?:tiene\w*|necesita\w*|quiere\w*|desea\w*|hay|algo|surge|"
            r"encuentra\w*|prefiere\w*|te|le|no)",
        ),
    },
    "contact": {
        "offers-in-a-case": (
            r"avís\w*|dí\w*|dime|no dud\w*|puedo|con gusto|pregunt\w*|estoy|estaré|escríb\w*",
            r"conta\w*|házmelo saber",
        ),
    },
    "request": {
        "asks-to-tell": (
            r"(?:podrías?|puedes?|puede|podría|podéis|pueden|te importaría|"
            r"le importaría)(?: usted)?(?: por favor)?,?(?: \w+)? ?(?:{tell})",
            r"(?:me|nos) (?:puedes?|podrías?|podría|puede)(?: por favor)? (?:{tell})",
            r"por favor,? (?:{tell})",
            r"(?:{tell}),? por favor",
            r"(?:^|(?<=[,.;:] ))(?:y |entonces |solo )?(?:dime|dígame|indícame|indíqueme|envíame|"
            r"envíeme|compárteme|comparta|mándame|pásame|cuéntame|especifica|especifique|"
            r"acláreme|aclárame)(?! si (?:necesita\w*|quiere\w*|hay))",
        ),
        "says-it-needs": (
            r"(?:necesito|necesitaría|necesitamos|preciso)(?! (?:un momento|un segundo|"
            r"consultar|buscar|revisar el|usar))",
            r"(?:me|nos) (?:falta|faltan|faltaría|hace falta|hacen falta)",
            r"(?:falta|faltan) (?:el|la|los|las|tu|su|por indicar|un|una)",
            r"me (?:gustaría|ayudaría|sería útil|vendría bien) (?:saber|conocer|entender|que)",
            r"(?:sería|es) (?:útil|de ayuda|necesario) (?:saber|conocer|que me)",
            r"(?:quisiera|querría|quiero) saber",
            r"(?:unas|algunas|un par de|dos|tres|una) (?:preguntas?|{details})\b.{0,40}(?::|"
            r"antes|para)",
        ),
    },
    "choice": {
        "offers-a-choice": (
            r"o(?! (?:algo|alguna|necesitas|hay|quieres (?:saber|más)))\b",
            r"cuál(?:es)?",
            r"prefieres?|prefiere",
            r"cómo (?:quieres|desea|prefieres)",
        ),
    },
    "confirmation": {
        "asks-to-go-ahead": (
            r"(?:quieres?|quiere|desea|deseas|le gustaría|te gustaría) que (?:yo )?(?:lo |la |"
            r"los |las )?(?:{go}|continúe|proceda)",
            r"(?:quieres?|quiere|desea|deseas) (?:realmente )?(?:{go})",
            r"(?:procedo|continúo|continuo|sigo|lo hago|la hago|lo envío|adelante|"
            r"puedo (?:continuar|proceder)|debo (?:continuar|proceder))\b.{0,20}\??$",
            r"(?:de acuerdo|te parece bien|le parece bien|está de acuerdo|estás de acuerdo)\?",
        ),
        "asks-whether-right": (
            r"(?:es|está|son|están)(?: todo| esto| eso| todos)? (?:correct[oa]s?|bien|así|"
            r"cierto)\??$",
        ),
        "asks-to-confirm": (
            r"(?:confirmas?|confirme|confirma|confírmame|confírmeme)(?: por favor)?(?! (?:tu|su|"
            r"qué|cuál))",
            r"(?:estás|está) segur[oa]",
            r"s[ií] ?(?:/|o) ?no",
            r"(?:puedes?|podrías?|podría|puede) confirmar(?! (?:tu|su|qué|cuál|me))",
            r"responde?\w* (?:…|sí)",
        ),
    },
    "more": {
        "offers-more": (r"también|además|más|otr[oa]s?",),
    },
    "offer": {
        "offers-anything-else": (
            r"(?:algo|alguna cosa|alguna otra cosa|nada) más",
            r"(?:otra|alguna|más) (?:pregunta|duda|consulta)s?",
            r"alguna otra",
        ),
        "offers-to-help": (
            r"(?:en qué|cómo|con qué) (?:te |le |les |os )?(?:puedo|podría) (?:ayudar\w*|"
            r"asistir\w*|servir\w*)",
            r"(?<!no )puedo ayudar\w*",
            r"qué puedo hacer por",
        ),
        "offers-more": (
            r"(?:te|le) interesa\w*",
            r"(?:quieres?|quiere|te gustaría|le gustaría|desea|deseas|necesitas?|"
            r"necesita)\b.{0,40}\b(?:saber|más|que te|que le|que (?:lo|la) (?:explique|amplíe)|"
            r"ver|conocer|ayuda|otr[oa]|ejemplos?|explorar|profundizar)",
            r"(?:quieres?|quiere|te gustaría|le gustaría|deseas?) que (?:te|le|también|añada|"
            r"agregue|profundice|explique|haga|incluya|busque)",
        ),
        "offers-on-request": (
            r"(?:avísame|avíseme|dime|dígame|házmelo saber) (?:si|cuando|qué te parece|cómo)",
            r"no dudes? en",
            r"si (?:tienes?|necesitas?|quieres?|deseas?|desea|necesita|quiere|tiene|prefieres?|"
            r"te interesa)",
            r"estoy aquí para",
        ),
        "offers-a-look-back": (
            r"^¿?(?:y )?(?:te|le) (?:sirve|ayuda|parece|queda claro|gusta)",
            r"qué (?:te|le) parece",
        ),
    },
    "missing": {
        "names-what-is-missing": (
            r"no (?:veo|encuentro|hay|recibí|he recibido|encontré)\b.{0,40}\b(?:adjunt\w*|"
            r"archivo|imagen|documento|texto|enlace)",
            r"no (?:está|queda|me queda) claro",
            r"(?:mensaje|archivo|texto)\b.{0,30}\b(?:cortado|incompleto|vacío|falta)",
        ),
    },
    "decline": {
        "declines": (
            r"no (?:voy a (?:ayudar|hacer|escribir|dar|compartir)\w*|puedo|podemos|podré|"
            r"me es posible|estoy autorizad[oa]|tengo permitido|soy capaz)(?! (?:ver|encontrar|"
            r"localizar))",
            r"no (?:tengo|dispongo de) (?:acceso|la capacidad|una herramienta|herramientas|"
            r"permiso|forma|información en tiempo real)",
        ),
        "says-not-possible": (
            r"(?:lamentablemente|desafortunadamente|desgraciadamente)\b.{0,120}\bno\b",
            r"no (?:es|está|son|están) (?:posible|permitid[oa]s?|disponibles? para)",
            r"lo siento,? pero no",
            r"no se (?:puede|pueden|permite)",
        ),
    },
    "alternative": {
        "offers-an-alternative": (
            r"en su lugar|alternativa\w*|otr[oa]s? (?:opci\w+|forma|vuelo|fecha)|transf\w+",
            r"agente|en cambio",
        ),
    },
    "assumes": {
        "assumes": (
            r"supon\w*|supuse|asum\w*|he usado|usé|por ahora|provisional\w*|de momento",
            r"por defecto|mejor suposición",
        ),
    },
    "opener": {
        "opens": (
            r"^¡?(?:claro|por supuesto|con gusto|gracias|hola|entendido|perfecto|de acuerdo|"
            r"vale|sí|buenos días|encantad[oa])",
        ),
    },
    "chats": {
        "asks-for-company": (
            r"y (?:tú|usted|vos)|te gusta\w*|(?:has|ha) (?:estado|visto|leído|visitado|jugado)",
            r"(?:estás|está) (?:planeando|pensando|aprendiendo|preparando)|favorit[oa]s?",
            r"(?:cómo|qué tal) (?:te sientes|se siente|te fue|le fue|fue|estuvo|era|estás)",
            r"qué te (?:llevó|inspiró|pareció|trae)",
        ),
    },
    "waits": {
        "waits": (r"todavía|aún|hasta|sin|antes|suficiente",),
    },
    "unsettled": {
        "names-several": (
            r"depende|vari[oa]s|dos|tres|ambigu\w*|diferentes|distint[oa]s|encontré|he encontrado",
        ),
    },
    "refines": {
        "refines": (
            r"más (?:precis\w*|exact\w*|concret\w*)|ajust\w*|personaliz\w*|afin\w*|aproximad\w*",
        ),
    },
    "feels": {
        "feels": (
            r"felicidades|enhorabuena|qué (?:alegría|bien|emoción|ilusión|lástima)|"
            r"lo siento mucho|pésame",
        ),
    },
    "decides": {
        "decides-how-to-go-on": (
            r"cuál(?:es)?|quiere\w*|prefiere\w*|necesita\w*|refier\w*|debo|número|fecha|"
            r"presupuesto|tipo|o",
        ),
    },
    "tells_of_oneself": {
        "tells-of-oneself": (r"^(?:¡)?(?:acabo|he|me|mi|mis|hoy|estoy|por fin|mañana)\b",),
    },
    "names_the_user": {
        "names-the-user": (r"tu|tus|su|sus|te|le|les|usted|ustedes|ti",),
    },
    "addresses": {
        "addresses": (
            r"tu|tus|su|sus|te|le|les|usted|ustedes|ti|contigo|cuál(?:es)?",
            r"\w+(?:as|es|aste|iste|ías|arías|erías)|prefiere|quiere|desea|puede|podría|tiene",
            r"necesita|usa",
        ),
    },
    "explains": {
        "explains-a-question": (
            r"^(?:así|esto (?:me|nos|ayuda)|por ejemplo|con (?:eso|esto)|para|entonces|p\. ?ej)",
        ),
    },
    "shows": {
        "announces-content": (
            r"(?:pregúnt\w*|preguntas? (?:para|de entrevista)|aquí (?:tienes|tiene|está|"
            r"van)\b.{0,60}\b(?:correo|carta|borrador|texto|preguntas|diálogo|traducción|"
            r"mensaje|versión)|ejemplos? de)",
        ),
    },
    "tail": {
        "hangs-an-offer-on": (r",? o (?:si (?:necesitas?|hay|quieres?)|hay algo|necesitas?) .*$",),
    },
    "wants_questions": {
        "wants-questions": (
            r"cuestionario|encuesta|quiz|trivia|adivinanzas?",
            r"preguntas (?:frecuentes|para|de|sobre)|faq|examen",
        ),
    },
    "wants_text": {
        "wants-a-text": (
            r"(?:escrib\w*|redact\w*|crea|crear|haz|genera\w*|compón|"
            r"inventa)\b.{0,100}\b(?:correo|carta|historia|cuento|poema|canción|diálogo|texto|"
            r"mensaje|ensayo|artículo|guion|guión|conversación|discurso|e-?mail)",
            r"juego de rol",
        ),
    },
    "wants_rewrite": {
        "wants-a-rewrite": (r"traduc\w*|tradúc\w*|reescrib\w*|reformul\w*|corrig\w*|cómo se dice",),
    },
    "about_text": {
        "speaks-about-the-text": (
            r"texto|frase|traduc\w*|idioma|versión|tono|formal|quieres|desea|refieres",
        ),
    },
}
