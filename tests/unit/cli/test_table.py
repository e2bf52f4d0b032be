"""Rows as text: aligned, and inert."""

from easement.cli.table import as_csv, as_table


def test_table_aligns_and_shows_empty_cells() -> None:
    assert as_table(("NAME", "OWNER"), [("crm", ""), ("warehouse", "logistics")]) == (
        "NAME       OWNER\ncrm        -\nwarehouse  logistics\n"
    )


def test_attack_cell_that_steers_the_terminal() -> None:
    assert "\x1b" not in as_table(("NAME",), [("\x1b[2Jcrm\n",)])


def test_attack_cell_that_a_spreadsheet_would_run() -> None:
    assert as_csv(("NAME",), [("=cmd()",), ('a,"b"',)]) == 'name\r\n\'=cmd()\r\n"a,""b"""\r\n'
