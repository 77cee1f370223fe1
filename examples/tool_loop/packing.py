"""Tells a traveller what to pack. Claude asks for the weather until it knows enough."""

import anthropic

MODEL = "claude-sonnet-4-5"
SYSTEM = "Say in one or two sentences what to pack. Look up the weather of every stop first."
FORECASTS = {"Bergen": "9 °C, rain all day", "Seville": "27 °C, sunny"}
GET_WEATHER = {
    "name": "get_weather",
    "description": "Get tomorrow's weather in a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "Its name in English"}},
        "required": ["city"],
    },
}


def what_to_pack(trip: str) -> str:
    client = anthropic.Anthropic()
    messages = [{"role": "user", "content": trip}]
    while True:
        reply = client.messages.create(
            model=MODEL, max_tokens=1024, system=SYSTEM, tools=[GET_WEATHER], messages=messages
        )
        if reply.stop_reason != "tool_use":
            return "".join(block.text for block in reply.content if block.type == "text")
        results = [
            {
                "type": "tool_result",
                "tool_use_id": block.id,
                "content": FORECASTS.get(block.input["city"], "no forecast"),
            }
            for block in reply.content
            if block.type == "tool_use"
        ]
        messages.append({"role": "assistant", "content": reply.content})
        messages.append({"role": "user", "content": results})
