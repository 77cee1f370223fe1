from tickets import summarize

TICKET = "I wrote on Monday and on Wednesday. The saw of order 1235 does not cut, not even paper."


def test_sums_up_a_ticket(claude):
    assert "saw" in summarize(TICKET)
    assert claude.stops_with("end_turn")
    assert claude.within(output_tokens=100)
