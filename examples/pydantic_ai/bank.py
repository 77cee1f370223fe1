"""A bank's agent on pydantic-ai: a tool, and a typed answer."""

from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, RunContext

BALANCES = {"ada": 120.5, "grace": -40.0}


class Advice(BaseModel):
    text: str
    block_card: bool


agent = Agent(
    "anthropic:claude-sonnet-4-5",
    deps_type=str,
    output_type=NativeOutput(Advice),
    instructions="You advise a customer of a bank. Look up the balance first.",
    model_settings={"max_tokens": 1000},
)


@agent.tool
def balance(ctx: RunContext[str]) -> float:
    """The balance of the customer's account, in euros."""
    return BALANCES[ctx.deps]


def advise(customer: str, question: str) -> Advice:
    return agent.run_sync(question, deps=customer).output
