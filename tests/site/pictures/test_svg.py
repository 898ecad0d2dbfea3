"""Pieces of SVG."""

import pytest

from deedbook.site.pictures import svg


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1"), (1.04, "1"), (1.05, "1.1"), (-0.04, "0"), (-2.55, "-2.5"), (1e6, "1000000")]
)
def test_a_coordinate_has_at_most_one_decimal(number: float, text: str) -> None:
    assert svg.fixed(number) == text


def test_what_is_inside_an_element_is_escaped_unless_it_is_markup() -> None:
    inner = svg.element("b", "<i>")
    assert svg.element("a", inner, "&", x=1.25, class_='"', stroke_width=2, fill=None) == (
        '<a x="1.2" class="&#34;" stroke-width="2"><b>&lt;i&gt;</b>&amp;</a>'
    )


def test_a_label_that_is_too_long_is_clipped_and_its_title_holds_the_whole() -> None:
    text = svg.label(0, 0, "The whole of a very long name", room=80)
    assert ">The whole…<title>The whole of a very long name</title></text>" in text
    assert "title" not in svg.label(0, 0, "short", room=80)


@pytest.mark.parametrize("size", [20, 400, 100_000])
def test_a_label_takes_no_more_than_its_room_however_long_it_is(size: int) -> None:
    assert svg.breadth(svg.clip("W" * size, 100)) <= 100 or size == 1
    assert len(svg.label(0, 0, "W" * size, room=100)) < 1000


def test_characters_that_steer_are_not_drawn() -> None:
    assert svg.plain("a\u202eb\x00c\u200bd\ne\tf\ud800") == "abcd e f"


def test_wide_characters_take_more_room() -> None:
    assert svg.breadth("日本") > svg.breadth("ab")
    assert svg.breadth("e\u0301") == svg.breadth("e")


def test_points_that_fall_on_the_one_before_are_left_out() -> None:
    assert svg.line([(0, 0), (0.04, 0), (1, 1), (1, 1)]) == "M0 0l1 1"
    assert svg.line([(0, 0), (1, 0), (9, 9), (0, 5)], nearest=1.2, is_closed=True) == "M0 0l9 9-9-4z"
    assert svg.line([(0, 0), (0, 0)]) == ""


def test_boxes_without_height_are_not_drawn() -> None:
    assert svg.bars([(0, 0, 2, 0), (1, 2, 3, 4)]) == "M1 2h3v4h-3z"
