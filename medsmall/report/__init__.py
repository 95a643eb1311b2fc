"""Answers from records: means with intervals, verdicts on arms, one figure. Nothing is run again.

`ledger` finds the records, `arms` what was swept; `answers` compares, `sentences` says it.
"""
