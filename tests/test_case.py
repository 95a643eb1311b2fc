"""What is known of initial weights before they are loaded, and what cases share."""

from types import SimpleNamespace

import pytest

from medsmall.audit.provenance import UNKNOWN, Seen, marks
from medsmall.backbone.weights import Weights
from medsmall.case import Source
from medsmall.errors import MedsmallError
from medsmall.pretraining.none import NoPretraining


def not_to_be_made():
    raise AssertionError


def source(**more):
    return Source("a test", "fingerprint", not_to_be_made, **more)


def trained(*seen, **more):
    return source(patients=lambda: seen, **more)


def seen(**more):
    return trained(Seen("chexpert", marks("chexpert", ["p1", "p2", "p3"])), **more)


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
        (trained(Seen("mura", None)), "chexpert", {"p2"}),
        (trained(Seen("chexpert", None), allow_test_overlap=True), "chexpert", {"p2"}),
        (NoPretraining().source(None, None), "chexpert", {"p2"}),
    ],
)
def test_weights_that_saw_none_or_are_allowed_pass(weights, dataset, patients):
    allowed = weights.refuse_overlap(dataset, patients)
    assert len(allowed) == weights.allow_test_overlap
    assert all("allowed by pretraining.allow_test_overlap" in sentence for sentence in allowed)


def test_weights_trained_on_the_data_set_with_patients_unknown_are_refused():
    with pytest.raises(MedsmallError, match="on unknown patients"):
        trained(Seen("chexpert", None)).refuse_overlap("chexpert", {"p9"})


def test_what_was_seen_before_the_last_training_counts_too():
    last, before = (
        Seen(name, marks(name, [p])) for name, p in (("mura", "p1"), ("chexpert", "p7"))
    )
    weights = trained(last, before)
    with pytest.raises(MedsmallError, match=r"on 1 of the 2 patients .*\(first: p7\)"):
        weights.refuse_overlap("chexpert", {"p1", "p7"})
    weights.refuse_overlap("chexpert", {"p1"})


def test_no_more_than_three_patients_are_named():
    patients = {f"p{i}" for i in range(5)}
    many = Seen("chexpert", marks("chexpert", patients))
    with pytest.raises(MedsmallError, match=r"on 5 of the 5 .*\(first: p0, p1, p2\)"):
        trained(many).refuse_overlap("chexpert", patients)


def test_a_source_is_opened_only_when_asked():
    weights, opened = Weights("a test"), []
    one = Source("a test", "fingerprint", lambda: opened.append(1) or weights)
    one.refuse_overlap("chexpert", {"p1"})
    assert opened == []
    assert one.open() is weights


def test_what_is_not_known_is_a_notice_in_whole_or_in_part():
    for more, words in (((), "unknown"), ((Seen("mura", frozenset()),), "known only in part")):
        (notice,) = trained(*more, Seen(UNKNOWN, None)).refuse_overlap("chexpert", {"p1"})
        assert f"The training data of the weights of a test are {words}" in notice


@pytest.mark.parametrize("patients", [None, frozenset()])
def test_a_release_made_of_what_was_seen_is_refused_by_name(patients):
    weights = trained(Seen("mura", frozenset()), Seen("chest_xray", patients))
    with pytest.raises(MedsmallError) as error:
        weights.refuse_overlap("pneumoniamnist", {"test-00000"})
    assert "pneumoniamnist is made of chest_xray (Yang et al." in str(error.value)
    assert "pretraining.allow_test_overlap=true" in str(error.value)
    allowed = trained(Seen("chest_xray", patients), allow_test_overlap=True)
    assert len(allowed.refuse_overlap("pneumoniamnist", {"test-00000"})) == 1


def test_a_recorded_run_is_refused_where_its_weights_have_changed_since(tmp_path):
    """Their key holds the name on the hub alone, which is known before they are fetched."""
    source = Source("x", "hub/x", open=lambda: None, provenance=lambda: {"sha256": "b" * 64})
    record = SimpleNamespace(metrics={"provenance": {"sha256": "a" * 64}}, folder=tmp_path)
    with pytest.raises(MedsmallError, match=r"has changed since .* name a revision"):
        source.refuse_changed(record)
    for metrics in ({"provenance": {"sha256": "b" * 64}}, {"provenance": {}}, {}):
        source.refuse_changed(SimpleNamespace(metrics=metrics, folder=tmp_path))
