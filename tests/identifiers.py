"""Invented e-mail addresses, phone, card and account numbers; no person's."""

from __future__ import annotations

from random import Random


def luhn(digits: str) -> str:
    total = sum(n - 9 * (n > 9) for n in
                (int(d) * (2 - i % 2) for i, d in enumerate(reversed(digits))))  # fmt: skip
    return digits + str(-total % 10)


def iban(country: str, bban: str) -> str:
    number = int("".join(str(int(c, 36)) for c in f"{bban}{country}00"))
    return f"{country}{98 - number % 97:02}{bban}"


def grouped(text: str, size: int, by: str) -> str:
    return by.join(text[i : i + size] for i in range(0, len(text), size))


def identifiers() -> list[str]:
    """200 invented ones, 50 of each kind, in the ways in which people write them."""
    random = Random(7)

    def digits(number: int) -> str:
        return "".join(random.choices("0123456789", k=number))

    made = []
    for n in range(50):
        name = random.choice(["ida", "Jo.Li", "k_m", "x+y"])
        made.append(f"{name}{n}@{random.choice(['example.com', 'mail.example.org', 'A.NET'])}")
        forms = (f"+49 {random.randint(150, 179)} {digits(8)}", f"+1 202 555 01{n:02}",
                 f"(202) 555-01{n:02}", f"202-555-01{n:02}", f"0151 {digits(8)}")  # fmt: skip
        made.append(forms[n % 5])
        card = luhn(random.choice("45") + digits(14))
        made.append((card, grouped(card, 4, " "), grouped(card, 4, "-"))[n % 3])
        account = iban(random.choice(["DE", "PL"]), "")[:2]
        account = iban(account, digits({"DE": 18, "PL": 24}[account]))
        made.append(account if n % 2 else grouped(account, 4, " "))
    return made
