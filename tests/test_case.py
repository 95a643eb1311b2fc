"""What is known of initial weights before they are loaded, and what cases share."""

import pytest

from medsmall.backbone.weights import Weights
from medsmall.case import Source
from medsmall.errors import MedsmallError
from medsmall.pretraining.none import NoPretraining


def not_to_be_made():
    raise AssertionError


def source(**more):
    return Source("a test", "fingerprint", not_to_be_made, **more)


def seen(**more):
    one = ("chexpert", frozenset({"p1", "p2", "p3"}))
    return source(trained_on="chexpert", patients=lambda: (one,), **more)


def test_weights_that_saw_test_patients_are_refused_with_their_number_and_names():
    with pytest.raises(MedsmallError, match=r"on 2 of the 3 patients .*\(first: p2, p3\)"):
        seen().refuse_overlap("chexpert", {"p2", "p3", "p9"})


def test_the_refusal_names_the_weights_the_data_and_both_remedies():
    with pytest.raises(MedsmallError) as error:
        seen().refuse_overlap("chexpert", {"p2"})
    parts = ("weights of a test", "trained on chexpert", "contaminated", "the same split",
             "pretraining.allow_test_overlap=true")  # fmt: skip
    assert all(part in str(error.value) for part in parts)


@pytest.mark.parametrize(
    ("weights", "dataset", "patients"),
    [
        (seen(), "chexpert", {"p9"}),
        (seen(), "mura", {"p2"}),  # patient numbers of two data sets have nothing in common
        (seen(allow_test_overlap=True), "chexpert", {"p2"}),
        (source(trained_on="mura"), "chexpert", {"p2"}),
        (source(trained_on="chexpert", allow_test_overlap=True), "chexpert", {"p2"}),
        (NoPretraining().source(None, None), "chexpert", {"p2"}),
    ],
)
def test_weights_that_saw_none_or_are_allowed_pass(weights, dataset, patients):
    allowed = weights.refuse_overlap(dataset, patients)
    assert len(allowed) == weights.allow_test_overlap
    assert all("allow_test_overlap lets pass" in sentence for sentence in allowed)


def test_weights_trained_on_the_data_set_with_patients_unknown_are_refused():
    with pytest.raises(MedsmallError, match="on patients that nothing is known of"):
        source(trained_on="chexpert").refuse_overlap("chexpert", {"p9"})


def test_what_was_seen_before_the_last_training_counts_too():
    last, before = ("mura", frozenset({"p1"})), ("chexpert", frozenset({"p7"}))
    weights = source(trained_on="mura", patients=lambda: (last, before))
    with pytest.raises(MedsmallError, match=r"on 1 of the 2 patients .*\(first: p7\)"):
        weights.refuse_overlap("chexpert", {"p1", "p7"})
    weights.refuse_overlap("chexpert", {"p1"})


def test_no_more_than_three_patients_are_named():
    patients = {f"p{i}" for i in range(5)}
    many = ("chexpert", frozenset(patients))
    with pytest.raises(MedsmallError, match=r"on 5 of the 5 .*\(first: p0, p1, p2\)"):
        source(patients=lambda: (many,)).refuse_overlap("chexpert", patients)


def test_a_source_is_opened_only_when_asked():
    weights, opened = Weights("a test"), []
    one = Source("a test", "fingerprint", lambda: opened.append(1) or weights)
    one.refuse_overlap("chexpert", {"p1"})
    assert opened == []
    assert one.open() is weights
