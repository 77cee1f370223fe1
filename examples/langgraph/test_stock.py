from stock import answer


def test_looks_up_each_item(claude):
    assert "12" in answer("How many hammers and saws do you have?")
    assert claude.calls_tool("stock", item="hammer")
    assert claude.calls_tool("stock", item="saw")


def test_greets_without_a_tool(claude):
    answer("Good morning!")
    assert claude.calls_no_tool()
