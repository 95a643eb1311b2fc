"""Answers from records: means with intervals, verdicts on arms, one figure. Nothing is run again.

`question` leads through the others: `ledger` finds the records, `arms` what was swept, `cells` the
means, `verdicts` compares; `sentences` and `figure` say it;
`manuscript/` has tables, methods and checklists.
"""
