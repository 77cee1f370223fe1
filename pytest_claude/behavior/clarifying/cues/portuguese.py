"""Portuguese."""

from __future__ import annotations

BY_WORD = True

WORDS = {
    "tell": (
        r"inform\w*|forne\w*|compartilh\w*|partilh\w*|indi(?:car|que|car-me)|especifi\w*|"
        r"esclare\w*|d(?:ar|iga|izer|ê|izer-me|ar-me)|me diz\w*|me diga|envi\w*|mand\w*|"
        r"col(?:ar|e)|descrev\w*|anex\w*|detalh\w*|expli(?:car|que)|escolh\w*|selecion\w*|"
        r"pass(?:ar|e|ar-me)|reenvi\w*|confirmar (?:qual|o|a|seu|sua)|mostrar|mostre|list(?:ar|"
        r"e)|contar|conte|fale (?:mais|um)|carregar"
    ),
    "wh": r"qual|quais|quando|onde|quem|como|quant[oa]s?|que|se|de que",
    "go": (
        r"continu\w*|prossig\w*|prosseguir|exclu\w*|apag\w*|cancel\w*|envi\w*|reserv\w*|"
        r"confirm\w*|execut\w*|faz\w*|faç\w*|realiz\w*|finaliz\w*|aplic\w*|aplique|public\w*|"
        r"pag(?:ar|o)|compr\w*|seguir|siga|remov\w*|implant\w*"
    ),
}

PHRASES = {
    "rhetorical": {
        "rhetorical": (
            r".*, (?:não é|né|certo)\?$",
            r"^(?:e )?por que não",
            r"^você sabia|^cansad[oa]s? de",
        ),
    },
    "assumption": {
        "checks-an-assumption": (
            r"(?:me avise|avise|corrija-me|me corrija|me diga) se (?:eu |não|estiver errad\w*|"
            r"você quis)",
        ),
    },
    "conditional": {
        "asks-if-you-tell": (
            r"se (?:você |puder |me |quiser )+(?:{tell})",
            r"(?:quando|assim que|depois que) (?:você|eu) (?:me |tiver |souber |"
            r"receber )\b.{0,60}",
        ),
    },
    "proviso": {
        "begins-with-a-case": (
            r"^(?:se|caso) (?:você|encontr\w*|precis\w*|quis\w*|tiver|houver|algo|deseja\w*|não|"
            r"preferir)",
        ),
    },
    "contact": {
        "offers-in-a-case": (
            r"avis\w*|diga|posso|pergunt\w*|estou|fique à vontade|não hesite|conte|chame|é só",
        ),
    },
    "request": {
        "asks-to-tell": (
            r"(?:poderia|pode|podia|consegue|podes|poderias)(?: você)?(?: me| por favor|"
            r" nos)*,? (?:{tell})",
            r"por favor,? (?:me |nos )?(?:{tell})",
            r"(?:{tell}),? por favor",
            r"me (?:passa|manda|conta|diz|envia|fala|informa)(?! se (?:precis\w*|quis\w*))",
            r"(?:^|(?<=[,.;:] ))(?:e |então |só )?(?:me )?(?:diga|informe|envie|mande|indique|"
            r"especifique|descreva|passe|conte)(?:-me)?(?! se (?:precis\w*|quis\w*))",
        ),
        "says-it-needs": (
            r"(?:preciso|precisaria|precisamos|necessito)(?: ainda| também| só|"
            r" apenas)? (?:saber|de|do|da|dos|das|que você|entender|confirmar (?:qual|o|a|seu)|"
            r"conhecer)(?! um (?:momento|instante))",
            r"(?:falta|faltam|faltou)(?: ainda| só)? (?:o|a|os|as|seu|sua|informar|um|uma)(?= )",
            r"gostaria de (?:saber|entender|conhecer)",
            r"(?:seria|é) (?:útil|bom|necessário|importante) (?:saber|que você)",
            r"(?:ajudaria|ajuda) (?:saber|se você)",
            r"(?:algumas|duas|três|uma|umas) (?:perguntas?|informaç\w+|dúvidas?)\b.{0,40}(?::|"
            r"antes|para)",
        ),
    },
    "choice": {
        "offers-a-choice": (
            r"ou(?! (?:algo|alguma|quer (?:saber|mais)|precisa))\b",
            r"qual|quais",
            r"prefere|preferes",
            r"como (?:quer|deseja|prefere|gostaria)",
        ),
    },
    "confirmation": {
        "asks-to-go-ahead": (
            r"(?:quer|deseja|queres|gostaria de|você quer)(?: que eu)? (?:{go})",
            r"(?<!não )(?:posso|devo) (?:{go})",
            r"^(?:posso|devo) (?!ajud|também|sugerir|explicar|mostrar|oferecer)\w+[aei]r\b.*\?$",
            r"(?:está de acordo|tudo bem|pode ser|combinado|concorda)\?",
        ),
        "asks-whether-right": (
            r"(?:está|é|estão|isso está|tudo)(?: tudo)? (?:corret[oa]s?|cert[oa]s?|certo|bem|"
            r"isso)\??$",
        ),
        "asks-to-confirm": (
            r"(?:confirma|confirme|você confirma)(?! (?:seu|sua|qual))",
            r"(?:tem|está) (?:certeza|certo de)",
            r"sim ?(?:/|ou) ?não",
            r"(?:pode|poderia) confirmar(?! (?:seu|sua|qual|o (?:número|nome|e-?mail)))",
            r"responda (?:com )?(?:…|sim)",
        ),
    },
    "more": {
        "offers-more": (r"também|mais|outr[oa]s?|além disso",),
    },
    "offer": {
        "offers-anything-else": (
            r"(?:mais )?alguma (?:outra )?(?:coisa|dúvida|pergunta)",
            r"algo mais|mais algo|mais (?:perguntas|dúvidas)",
            r"alguma outra",
        ),
        "offers-to-help": (
            r"(?:como|em que|no que) (?:eu )?posso (?:te |lhe |o |a )?(?:ajudar|ser útil)",
            r"(?<!não )posso (?:te |lhe )?ajudar",
            r"o que posso fazer por",
        ),
        "offers-more": (
            r"(?:quer|gostaria|deseja|queres|precisa)\b.{0,40}\b(?:saber|mais|que eu|ver|"
            r"conhecer|ajuda|outr[oa]|exemplos?|explorar|também)",
        ),
        "offers-on-request": (
            r"(?:me avise|avise|me diga|diga|avise-me) (?:se|quando|o que)",
            r"se (?:você )?(?:precisar|quiser|tiver|desejar|preferir)",
            r"não hesite",
            r"é só (?:avisar|dizer|chamar|perguntar)",
            r"fique à vontade",
            r"estou (?:aqui|à disposição)",
        ),
        "offers-a-look-back": (
            r"(?:isso|isto) (?:ajuda|ajudou|faz sentido|serve)",
            r"o que (?:você )?(?:acha|achou)",
            r"ficou claro",
        ),
    },
    "missing": {
        "names-what-is-missing": (
            r"não (?:vejo|encontrei|encontro|há|recebi|vi)\b.{0,40}\b(?:anexo|arquivo|imagem|"
            r"documento|texto|link)",
            r"não (?:está|ficou) claro",
            r"(?:mensagem|arquivo|texto)\b.{0,30}\b(?:cortad\w*|incomplet\w*|vazi\w*|faltando)",
        ),
    },
    "decline": {
        "declines": (
            r"não (?:vou (?:ajudar|fazer|escrever|compartilhar)|posso|podemos|consigo|sou capaz|"
            r"estou autorizad[oa]|me é possível|poderei)(?! (?:ver|encontrar|localizar))",
            r"não (?:tenho|disponho de) (?:acesso|permissão|como|uma ferramenta|ferramentas?|"
            r"capacidade|autorização)",
        ),
        "says-not-possible": (
            r"(?:infelizmente|lamentavelmente)\b.{0,120}\bnão\b",
            r"não (?:é|está|são|estão) (?:possível|permitid\w*|disponíve\w*)",
            r"desculpe,? mas não",
        ),
    },
    "alternative": {
        "offers-an-alternative": (
            r"em vez disso|alternativ\w*|outr[oa]s? (?:opç\w+|forma|voo|data)|transf\w+",
            r"atendente|no lugar",
        ),
    },
    "assumes": {
        "assumes": (
            r"supon\w*|supus|assum\w*|presum\w*|considerei|usei|por enquanto|provisóri\w*",
            r"por padrão|partindo do",
        ),
    },
    "opener": {
        "opens": (
            r"^(?:claro|com certeza|obrigad[oa]|olá|oi|entendi|entendido|perfeito|certo|sim|"
            r"com prazer|ok|tudo bem)",
        ),
    },
    "chats": {
        "asks-for-company": (
            r"e você|você (?:já|gosta|joga|está \w+ndo)|favorit[oa]s?",
            r"como (?:foi|você se sente|está se sentindo|era)|o que (?:te|o|a) (?:levou|inspirou|"
            r"trouxe)",
        ),
    },
    "waits": {
        "waits": (r"ainda|até|sem|antes",),
    },
    "unsettled": {
        "names-several": (r"depende|vári[oa]s|dois|duas|três|ambígu\w*|diferentes|encontrei",),
    },
    "refines": {
        "refines": (r"mais (?:precis\w*|exat\w*)|ajust\w*|personaliz\w*|refin\w*|aproximad\w*",),
    },
    "feels": {
        "feels": (r"parabéns|que (?:bom|legal|alegria|maravilha)|pêsames|sinto muito",),
    },
    "decides": {
        "decides-how-to-go-on": (
            r"qual|quais|quer|prefere|precisa|refere|devo|número|data|orçamento|tipo|ou",
        ),
    },
    "tells_of_oneself": {
        "tells-of-oneself": (r"^(?:eu|passei|meu|minha|acabei|estou|hoje|finalmente|consegui)\b",),
    },
    "names_the_user": {
        "names-the-user": (r"você|vocês|seu|sua|seus|suas|te|ti|lhe",),
    },
    "addresses": {
        "addresses": (
            r"você|vocês|seu|sua|seus|suas|te|ti|lhe|qual|quais|o senhor|a senhora|quer|deseja",
            r"prefere|pode|poderia|tem|precisa|gostaria|posso|devo",
        ),
    },
    "explains": {
        "explains-a-question": (
            r"^(?:assim|isso (?:me|vai|ajuda)|por exemplo|com (?:isso|essas)|para|então)",
        ),
    },
    "shows": {
        "announces-content": (
            r"(?:pergunte-se|perguntas (?:para|de entrevista)|aqui (?:está|estão|"
            r"vai)\b.{0,60}\b(?:e-?mail|carta|rascunho|texto|perguntas|diálogo|tradução|"
            r"mensagem|versão))",
        ),
    },
    "tail": {
        "hangs-an-offer-on": (r",? ou (?:se (?:precis|quiser|tiver)|há algo|precisa) ?.*$",),
    },
    "wants_questions": {
        "wants-questions": (
            r"questionário|pesquisa de|quiz|trivia|charadas?",
            r"perguntas (?:frequentes|para|de|sobre)|faq|prova",
        ),
    },
    "wants_text": {
        "wants-a-text": (
            r"(?:escrev\w*|redij\w*|redigir|crie|criar|faça|ger(?:e|ar)|compon\w*|"
            r"invente)\b.{0,100}\b(?:e-?mail|carta|história|poema|canção|música|diálogo|texto|"
            r"mensagem|redação|artigo|roteiro|conversa|discurso)",
        ),
    },
    "wants_rewrite": {
        "wants-a-rewrite": (
            r"traduz\w*|tradução|reescrev\w*|reformul\w*|corrij\w*|corrigir|como se diz",
        ),
    },
    "about_text": {
        "speaks-about-the-text": (
            r"texto|frase|traduz\w*|tradução|idioma|versão|tom|formal|quer|deseja|quis dizer",
        ),
    },
}
