"""Patterns are found where they stand, all at once, and exactly as a slow and plain search would find them."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.reading.context import IDIOM, OTHER, Place, Sentence, Standing, read_cues
from backend.domain.reading.grammar import END, START, Grammar
from backend.domain.reading.terms import Spot, Terms, Wordings, is_name

TERMS = {
    "WANT": ["want|wish", "would like"],
    "DIE": ["die|dead", "drop dead", "END it all?"],
    "END": ["end|stop"],
}
FILLERS = frozenset({"just", "really"})
STRANGERS = frozenset({"not", "him"})


def terms(table: dict[str, list[str]] | None = None) -> Terms:
    table = table or TERMS
    wordings = Wordings(table)
    return Terms({name: wordings[name] for name in table}, FILLERS)


def found(pattern: str, text: str) -> list[str]:
    """The words of every hit of a pattern in a text, marks and all."""
    grammar = Grammar([pattern], terms(), STRANGERS)
    spotted = grammar.spot(text.split())
    quotes = []
    for number, end in grammar.ends(spotted, sum(grammar.final)):
        start = grammar.start(spotted, number, end)
        if start is not None:
            quotes.append(" ".join(spotted.words[start:end]))
    return quotes


@pytest.mark.parametrize(
    ("pattern", "text", "quotes"),
    [
        ("WANT die", "i want die", ["want die"]),
        ("WANT die", "i want to die", []),
        ("WANT ~1 die", "i want to die", ["want to die"]),
        ("WANT ~1 die", "i want die", ["want die"]),
        ("WANT ~1 die", "i want to go die", []),
        ("WANT ~2 die", "i want to go die", ["want to go die"]),
        ("WANT ~2 die", "i want him die", []),
        ("WANT ~2 die", "i want to not die", []),
        ("WANT die", "i want just really die", ["want just really die"]),
        ("WANT ~1 die", "want just to really die", ["want just to really die"]),
        ("WANT die", "would just like die", ["would just like die"]),
        ("WANT ~1 DIE", "want to drop just dead", ["want to drop just dead"]),
        ("WANT ~1 DIE", "i wish to end it", ["wish to end it"]),
        ("WANT ~1 DIE", "i wish to end it all", ["wish to end it", "wish to end it all"]),
        ("want|need to? die", "need die", ["need die"]),
        ("want|need to? die", "need to die", ["need to die"]),
        ("^ die", "die now", ["^ die"]),
        ("^ die", "please die", []),
        ("die $", "i die", ["die $"]),
        ("die $", "i die now", []),
        ("die $|,", "i die , now", ["die ,"]),
        ("WANT ~1 die", "want , die", ["want , die"]),
        ("WANT die", "want , die", []),
        ("die ~1 die", "die die die", ["die die", "die die die"]),
    ],
)
def test_it_finds_a_pattern_where_it_stands(pattern: str, text: str, quotes: list[str]) -> None:
    assert found(pattern, text) == quotes


def test_a_term_cannot_stand_for_words_that_already_stand_for_others() -> None:
    assert found("drop DIE", "i drop dead") == ["drop dead"]
    assert found("end DIE", "i end it") == []


def test_only_wanted_patterns_are_told() -> None:
    grammar = Grammar(["die", "dead"], terms(), STRANGERS)
    spotted = grammar.spot(["die", "dead"])
    assert grammar.ends(spotted, grammar.final[1]) == [(1, 3)]
    assert grammar.ends(spotted, 0) == []


@pytest.mark.parametrize("pattern", ["", "~2 die", "die ~2", "die?", "~0 die", "die ~7 die", "die || dead", "a ~x b"])
def test_it_refuses_a_pattern_that_is_wrongly_written(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"must|gap|choice"):
        Grammar([pattern], terms(), STRANGERS)


def test_terms_know_the_single_words_and_the_runs() -> None:
    spotted = terms()
    assert spotted.words["want"] == ("WANT",)
    assert sorted(spotted.runs(["i", "would", "like", "to", "end", "it", "all"])) == [
        Spot("DIE", 4, 6), Spot("DIE", 4, 7), Spot("WANT", 1, 3),
    ]  # fmt: skip
    assert {"would", "like", "just"} <= spotted.vocabulary


WORDS = ["i", "want", "wish", "would", "like", "to", "just", "die", "dead", "drop", "end", "it", "all", "not", ","]
PARTS = ["want", "die", "WANT", "DIE", "to", "want|die", "WANT|to", "to?", "not?", "~1", "~2", ","]


def place_fits(part: str, words: Sequence[str], runs: Sequence[Spot], at: int) -> set[int]:
    """Where one place of a pattern can end if it begins at `at`."""
    names = set(part.removesuffix("?").split("|"))
    of_word = terms().words
    ends = {at + 1} if at < len(words) and (words[at] in names or names & set(of_word.get(words[at], ()))) else set()
    return ends | {run.end for run in runs if run.start == at and run.name in names}


def reached(parts: Sequence[str], words: Sequence[str], runs: Sequence[Spot], at: int) -> set[int]:
    """Where a pattern that begins at `at` can end, by trying everything."""
    if not parts:
        return {at}
    part, rest = parts[0], parts[1:]
    ends: set[int] = set()
    if part.startswith("~"):
        width = int(part[1:])
        ends |= reached(rest, words, runs, at)
        if width and at < len(words) and words[at] not in STRANGERS | {START, END}:
            ends |= reached([f"~{width - 1}", *rest], words, runs, at + 1)
        return ends | (reached(parts, words, runs, at + 1) if at < len(words) and words[at] in FILLERS else set())
    if part.endswith("?"):
        ends |= reached(rest, words, runs, at)
    for end in place_fits(part, words, runs, at):
        ends |= reached(rest, words, runs, end)
    if at < len(words) and words[at] in FILLERS:
        ends |= reached(parts, words, runs, at + 1)
    return ends


PATTERNS = st.builds(
    lambda first, middle, last: [first, *middle, last],
    st.sampled_from(["want", "WANT", "die", "i"]),
    st.lists(st.sampled_from(PARTS), max_size=3),
    st.sampled_from(["die", "DIE", "it"]),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PATTERNS, min_size=1, max_size=3), st.lists(st.sampled_from(WORDS), max_size=8))
def test_it_finds_what_a_plain_search_finds(patterns: list[list[str]], words: list[str]) -> None:
    grammar = Grammar([" ".join(parts) for parts in patterns], terms(), STRANGERS)
    spotted = grammar.spot(words)
    quick: dict[int, set[tuple[int, int]]] = {number: set() for number in range(len(patterns))}
    for number, end in grammar.ends(spotted, sum(grammar.final)):
        start = grammar.start(spotted, number, end)
        if start is not None:
            quick[number].add((start, end))
    for number, parts in enumerate(patterns):
        slow: dict[int, int] = {}
        for start in range(len(spotted.words) - 1, -1, -1):
            if spotted.words[start] in FILLERS:
                continue
            for end in reached(parts, spotted.words, spotted.runs, start):
                slow[end] = start
        assert {end for _, end in quick[number]} == slow.keys()
        assert all(start <= slow[end] for start, end in quick[number])


def test_a_term_must_have_wordings_and_not_be_made_of_itself() -> None:
    wrong = {
        "SELF": (["a SELF"], "SELF' is made of itself"),
        "EMPTY": ([""], "empty wording"),
        "NOTHING": (["a? b?"], "'a\\? b\\?' would match nothing"),
        "MANY": ([" ".join(["a|b|c|d|e|f|g|h|i|j"] * 5)], "has 100000 wordings; at most 20000"),
        "UNKNOWN": (["a OTHERS"], "no term 'OTHERS'"),
    }
    for name, (lines, complaint) in wrong.items():
        with pytest.raises(ValueError, match=complaint):
            Wordings({name: lines})[name]


def test_upper_case_names_a_term() -> None:
    assert [is_name(symbol) for symbol in ("A", "DIE", "a", "190", ",")] == [True, True, False, False, False]


def test_every_fault_of_the_cues_is_named() -> None:
    faults: list[str] = []
    read_cues({"denial": "not", "through": [1], "wrong": [], "other": ["she"]}, faults)
    assert faults == [
        "context: denial must be a list of texts",
        "context: through must be a list of texts",
        "context: there is no cue wrong",
    ]


def test_a_word_may_stand_for_several_terms() -> None:
    assert terms({"ONE": ["die|dead"], "OTHER": ["die"]}).words == {
        "die": ("ONE", "OTHER"),
        "dead": ("ONE",),
    }


def sentence(text: str, cues: dict[str, list[str]]) -> Sentence:
    known = terms(cues)
    return Sentence(Grammar(["x"], known, STRANGERS).spot(text.split()), known, "")


CUES = {
    "DENIAL": ["not|never"],
    "THROUGH": ["really|want|to", "think i"],
    "STRUGGLE": ["hard"],
    "RESTORE": ["but"],
    "PRESENT": ["now"],
    "SELF": ["i|me"],
    OTHER: ["she", "my mom"],
    "PAST": ["years ago"],
    IDIOM: ["die laughing", "to die for"],
}


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("x", Standing.SAID),
        ("not x", Standing.DENIED),
        ("never really want to x", Standing.DENIED),
        ("never think i x", Standing.DENIED),
        ("not that x", Standing.SAID),
        ("not , x", Standing.SAID),
        ("hard not to x", Standing.SAID),
        ("not x but", Standing.SAID),
        ("but not x", Standing.DENIED),
        ("she x", Standing.SOMEONE_ELSE),
        ("my mom really x", Standing.SOMEONE_ELSE),
        ("my mom x but", Standing.SOMEONE_ELSE),
        ("she said i x", Standing.SAID),
        ("she left , x", Standing.SAID),
        ("she left but x", Standing.SAID),
        ("she went out one day for a long x", Standing.SOMEONE_ELSE),
        ("she went out one day for a long time x", Standing.SAID),
        ("hard for me some days not x", Standing.SAID),
        ("hard for me on some days not x", Standing.DENIED),
        ("x years ago", Standing.LONG_AGO),
        ("x years ago and now", Standing.SAID),
    ],
)
def test_context_tells_how_a_hit_stands(text: str, standing: Standing) -> None:
    words = text.split()
    at = words.index("x") + 1  # behind the mark of the sentence's start
    assert sentence(text, CUES).judge(Place(at, at + 1), of_writer=True) is standing


def test_only_what_is_the_writers_own_can_be_another_persons() -> None:
    assert sentence("she x", CUES).judge(Place(2, 3), of_writer=False) is Standing.SAID


@pytest.mark.parametrize(
    ("text", "hit", "standing"),
    [
        ("i die laughing", Place(2, 3), Standing.FIGURE_OF_SPEECH),
        ("i want to die for it", Place(2, 5), Standing.FIGURE_OF_SPEECH),
        ("to die for good", Place(1, 5), Standing.SAID),
    ],
)
def test_a_figure_of_speech_takes_in_what_ends_with_it(text: str, hit: Place, standing: Standing) -> None:
    """What is said beyond the figure of speech is no figure of speech any more."""
    assert sentence(text, CUES).judge(hit, of_writer=True) is standing
