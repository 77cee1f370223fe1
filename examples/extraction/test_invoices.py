import pytest
from invoices import Invoice, read_invoice

MAILS = {
    "all there": ("Invoice 2026-117: 1,190.00 EUR, due 2026-12-14.", "2026-12-14"),
    "no due date": ("Invoice 2026-118 over $40 is attached.", None),
}


@pytest.mark.parametrize(("mail", "due"), MAILS.values(), ids=MAILS)
def test_reads_an_invoice_and_guesses_nothing(claude, mail, due):
    invoice = read_invoice(mail)
    assert invoice.due == due
    assert claude.returns_json(Invoice)
