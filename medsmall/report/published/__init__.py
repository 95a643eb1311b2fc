"""Ours beside the numbers of Romero et al. (Medical Physics 2020), with what is wrong with those.

- `results.csv`, `questions.toml`, `defects.toml`: the numbers with their sources (written by
  ``scripts/published_results.py``), what they answer, and what is known against them;
- `source` reads these files, `counterpart` finds what was published on a study of ours;
- `table` sets both side by side, `words` says what that tells, `lines` draws it.
"""
