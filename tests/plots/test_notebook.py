"""What a notebook shows: figures with words, tables, the answer, the basis."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from sigm_bayes import load_model
from sigm_bayes.plots import panels
from sigm_bayes.plots.notebook import answer, basis, show, show_svg, table, with_interval


def mime(shown):
    return shown._repr_mimebundle_()


def test_a_figure_carries_its_words_and_is_a_picture():
    figure, axes = panels.panels(title="A finding")
    panels.line_with_band(axes, [1, 2], [[1, 2], [0, 1], [2, 3]], label="a", colour=panels.SERIES[0])
    data, metadata = mime(show(figure, alt="  Two\n points: 1 and 2. "))
    assert metadata["image/png"]["alt"] == "Two points: 1 and 2."
    assert data["text/plain"] == "[Figure] Two points: 1 and 2."
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert picture.format == "PNG"
    assert picture.size == (round(7.6 * 90), round(4.2 * 90))
    assert len(picture.convert("RGB").getcolors(100_000)) > 2  # not blank


def test_the_same_figure_gives_the_same_bytes():
    pictures = []
    for _ in range(2):
        figure, axes = panels.panels()
        axes.plot([0, 1], [0, 1])
        pictures.append(mime(show(figure, alt="A line."))[0]["image/png"])
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize(
    "draw", [lambda alt: show(panels.panels()[0], alt=alt), lambda alt: show_svg("<svg/>", alt=alt)]
)
def test_a_figure_without_words_is_refused(draw):
    with pytest.raises(ValueError, match="alternative text"):
        draw(" \n")


def test_an_svg_escapes_its_words():
    data, _ = mime(show_svg("<svg></svg>", alt='P < 5% "low" & rising'))
    assert 'aria-label="P &lt; 5% &quot;low&quot; &amp; rising"' in data["text/html"]
    assert "<svg></svg>" in data["text/html"]


def test_a_table_is_markdown_and_keeps_its_columns():
    data, _ = mime(table([["a|b", 1], ["c", 2.5]], head=["name", "value, mg/dL"]))
    lines = data["text/markdown"].splitlines()
    assert lines == ["| name | value, mg/dL |", "| :-- | --: |", "| a\\|b | 1 |", "| c | 2.5 |"]
    assert data["text/plain"] == data["text/markdown"]


def test_an_answer_is_one_paragraph():
    data, _ = mime(answer("\nIt is\n 5%.\n\nReally.\n"))
    assert data["text/markdown"] == "**Answer.** It is 5%. Really."


def test_the_basis_names_the_draws():
    model = load_model()
    words = mime(basis(model))[0]["text/plain"]
    assert model.posterior.meta["draws_sha256"][:12] in words
    assert model.posterior.meta["version"] in words


def test_interval_in_words():
    assert with_interval({"mean": 0.061, "lower": 0.0004, "upper": 0.3}) == "6.1% (0.04% to 30%)"


def test_points_reach_from_lower_to_upper():
    figure, axes = panels.panels(1, 2)
    for one, across in zip(axes, (True, False), strict=True):
        panels.points_with_interval(one, [7.0], [[2.0], [1.0], [4.0]], label="a", colour="black", across=across)
        (bars,) = one.collections
        ends = bars.get_segments()[0]
        axis = 0 if across else 1
        assert sorted(ends[:, axis]) == [1.0, 4.0]
        assert set(ends[:, 1 - axis]) == {7.0}
    assert figure.axes == list(axes)


def test_axes_name_shares_and_levels():
    _, axes = panels.panels()
    panels.level_axis(axes.xaxis, (10, 100))
    panels.percent_axis(axes.yaxis, ticks=(0.001, 0.5))
    assert axes.get_xscale() == "log"
    assert [t.get_text() for t in axes.get_xticklabels()] == ["10", "100"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["0.1%", "50%"]
