"""unsub removes what is named, with one reply and one undo, or offers what there is."""

from tests.product import Product

EIGHT = "/sub " + "\n".join([*(f"topic{number}x" for number in range(1, 8)), "1984 2001"])


def numbers(product: Product) -> list[int]:
    return [one["number"] for one in product.subscriptions()]


def test_what_is_named_goes_and_comes_back_with_one_undo(product: Product) -> None:
    product.says(EIGHT)
    for said, removed, missing in [
        ("/unsub #1", [1], ""),
        ("/unsub 1, 2 and 4", [1, 2, 4], ""),
        ("/unsub 1、2和77", [1, 2], "77"),
        ("/remove 2 40 41 7", [2, 7], "40, 41"),
        ("/unsub 全部", [1, 2, 3, 4, 5, 6, 7, 8], ""),
        ("/unsub Topic3X", [3], ""),
        ("/unsub 2001 1984", [8], ""),
    ]:
        gone = product.says(said)
        assert gone.lines[0] == f"✓ Removed {len(removed)} subscription{'s' if len(removed) > 1 else ''}:", said
        assert [int(line.split()[0]) for line in gone.lines[1 : len(removed) + 1]] == removed
        assert gone.lines[len(removed) + 1 :] == ([f"There is no {missing} here."] if missing else [])
        assert set(numbers(product)).isdisjoint(removed)
        assert gone.buttons == ["undo"]
        product.presses("undo")
        assert numbers(product) == list(range(1, 9))


def test_what_names_none_removes_none(product: Product) -> None:
    assert product.says("/unsub").text.startswith("There are no subscriptions yet.")
    assert product.says("/unsub all").text == "There was no subscription to remove."
    product.says(EIGHT)
    for said, answer in [
        ("/unsub 90 91", "✗ This chat has no subscription 90, 91.\n/list shows those that are there."),
        ("/unsub 1 or", "✗ No subscription of this chat asks for “1 or”."),
        (f"/unsub {'1, ' * 300}x", "✗ No subscription of this chat asks for “1, 1"),
    ]:
        assert product.says(said).text.startswith(answer)
    assert numbers(product) == list(range(1, 9))


def test_without_words_it_offers_pages_of_buttons(product: Product) -> None:
    product.says("/sub " + "\n".join(f"word{number}" for number in range(1, 11)))
    said = product.says("/unsub")
    assert said.buttons == [*(f"{number} word{number}" for number in range(1, 9)), "next page", "remove all"]
    more = product.presses("next page")
    assert more.changed
    assert more.buttons == ["9 word9", "10 word10", "previous page", "remove all"]
    gone = product.presses("9 word9")
    assert gone.changed
    assert gone.lines[1] == "9  word9"
    product.says("/unsub")
    product.presses("remove all")
    assert numbers(product) == []
