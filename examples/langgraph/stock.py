"""A warehouse agent: langgraph's loop of model and tools, on langchain-anthropic."""

from langchain_anthropic import ChatAnthropic
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

STOCK = {"hammer": 12, "saw": 0}


@tool
def stock(item: str) -> int:
    """How many pieces of an item are in stock."""
    return STOCK.get(item, 0)


def model(state: MessagesState) -> dict[str, list]:
    claude = ChatAnthropic(model="claude-sonnet-4-5", max_tokens=500).bind_tools([stock])
    return {"messages": [claude.invoke(state["messages"])]}


graph = StateGraph(MessagesState)
graph.add_node("model", model)
graph.add_node("tools", ToolNode([stock]))
graph.add_edge(START, "model")
graph.add_conditional_edges("model", tools_condition)
graph.add_edge("tools", "model")
agent = graph.compile()


def answer(question: str) -> str:
    state = agent.invoke({"messages": [("user", question)]})
    return state["messages"][-1].text
