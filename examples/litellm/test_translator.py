import asyncio

from translator import stream, translate


def test_translates(claude):
    assert asyncio.run(translate("The saw is blunt.", "German")) == "Die Säge ist stumpf."
    assert claude.stops_with("end_turn")


def test_streams(claude):
    async def read():
        return "".join([part async for part in stream("The saw is blunt.", "German")])

    assert asyncio.run(read()) == "Die Säge ist stumpf."
    assert claude.stops_with("end_turn")
