from bank import Advice, advise


def test_looks_up_the_balance_and_advises(claude):
    advice = advise("ada", "Can I spend 100 euros?")
    assert not advice.block_card
    assert claude.calls_tools(["balance"])
    assert claude.returns_json(Advice)


def test_blocks_a_lost_card(claude):
    assert advise("grace", "I have just lost my card!").block_card
