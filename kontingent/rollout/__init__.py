"""How the register is being filled (ход внедрения): the ministry's plan by stage and municipality, numbers kept day by day,
trend, league, what is overdue, who has to fill what. Numbers of organisations only: no person is stored here.

Of whom exactly something is missing is told by ``reports.missing``; why numbers are kept instead of counted anew: ADR 0037.
"""
