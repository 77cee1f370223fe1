import pytest
from packing import what_to_pack


def test_looks_up_the_weather_of_every_stop(claude):
    answer = what_to_pack("Tomorrow I fly from Bergen to Seville.")
    assert "umbrella" in answer
    assert claude.calls_tools(
        [("get_weather", {"city": "Bergen"}), ("get_weather", {"city": "Seville"})],
        order="unordered",
    )


@pytest.mark.claude_clarifies
def test_asks_where_the_trip_goes():
    what_to_pack("I travel tomorrow. What do I need?")
