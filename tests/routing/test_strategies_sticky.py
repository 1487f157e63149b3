"""affinity, prefix_affinity and the hashing under them: what stays, what moves, and how full anybody gets."""

from __future__ import annotations

from collections import Counter
from math import ceil
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import Strategies
from pointsman.fakes import FakeView, LoadedDice, deployment, request
from pointsman.model.members import Members
from pointsman.model.request import Hints
from pointsman.model.view import Standing
from pointsman.routing.rendezvous import BOUND, Homes, number
from pointsman.routing.strategies.affinity import Affinity
from pointsman.routing.strategies.prefix_affinity import PrefixAffinity

POOL = tuple(deployment(f"d{n}") for n in range(10))
KEYS = [number(b"key %d" % n) for n in range(2_000)]


def saying(text: str):
    return request(body={"messages": msgspec.Raw(msgspec.json.encode([{"role": "user", "content": text}]))})


def in_session(name: str):
    return request(hints=Hints(session=name))


def picked(strategy, asked, view=None, pool=POOL) -> str:
    index, _ = strategy("m", pool, Strategies()).pick(asked, view or FakeView(), LoadedDice([0.5]))
    return pool[index].id


def homes(pool, shares=None) -> list[str]:
    """Where each of the keys lives while nobody has anything in flight."""
    made = Homes(Members(pool))
    return [pool[made.place(key, shares or [1.0] * len(pool), FakeView())[0]].id for key in KEYS]


def test_who_leaves_moves_only_its_own_keys():
    """Those of d3 are spread over the others; nobody else's move, and they come back with it."""
    before, after = homes(POOL), homes(POOL[:3] + POOL[4:])
    moved = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert {old for old, _ in moved} == {"d3"}
    assert {new for _, new in moved} == {d.id for d in POOL} - {"d3"}
    assert len(moved) == before.count("d3")


def test_a_smaller_share_moves_only_its_own_keys():
    """Half of what the degraded had goes to others, and nothing moves between those."""
    before, after = homes(POOL), homes(POOL, [0.5] + [1.0] * 9)
    moved = [old for old, new in zip(before, after, strict=True) if old != new]
    assert set(moved) == {"d0"}
    assert 0.35 * before.count("d0") < len(moved) < 0.65 * before.count("d0")


def test_the_order_of_the_list_does_not_matter():
    """Replicas that list the same members differently agree."""
    assert homes(POOL) == homes(POOL[::-1])


def test_the_same_key_leads_to_the_same_member_in_every_process():
    """Pinned: hashes are not salted, so replicas and restarts agree. A change here cools every cache once."""
    assert homes(POOL)[:8] == ["d4", "d6", "d8", "d6", "d9", "d5", "d9", "d1"]


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=12),
    st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.0]), min_size=12, max_size=12),
    st.integers(0, 2**64 - 1),
)
def test_nobody_is_given_more_than_its_bound(loads, shares, key):
    """After the request is placed its member has at most 1.25 times its share of all in flight, rounded up."""
    pool = tuple(deployment(f"d{n}") for n in range(len(loads)))
    shares = shares[: len(pool)]
    view = FakeView(loads={d.id: load for d, load in zip(pool, loads, strict=True)})
    index, _ = Homes(Members(pool)).place(key, shares, view)
    assert loads[index] + 1 <= ceil(BOUND * (sum(loads) + 1) * shares[index] / sum(shares))


def test_a_popular_beginning_spreads_no_further_than_it_must():
    """200 requests that begin alike fill eight of ten members up to the bound, always the same eight."""
    used = []
    for _ in range(2):
        view, made = FakeView(), PrefixAffinity("m", POOL, Strategies())
        for _ in range(200):
            index, _ = made.pick(saying("the same for all"), view, Random(1))
            view.loads[POOL[index].id] = view.loads.get(POOL[index].id, 0) + 1
        assert max(view.loads.values()) <= ceil(BOUND * 200 / 10)
        used.append(set(view.loads))
    assert used[0] == used[1]
    assert len(used[0]) < 10


def test_prompts_that_begin_alike_go_to_the_same_member():
    """A conversation that grows keeps its place: its first kilobyte stays as it was."""
    system = "x" * 2_000
    assert len({picked(PrefixAffinity, saying(system + str(turn))) for turn in range(20)}) == 1
    assert len({picked(PrefixAffinity, saying(f"{n} {system}")) for n in range(100)}) == 10


def test_without_a_beginning_there_is_no_affinity():
    """An empty request goes anywhere, by dice, rather than all to one."""
    made, dice = PrefixAffinity("m", POOL, Strategies()), Random(1)
    counts = Counter(made.pick(request(), FakeView(), dice)[0] for _ in range(1_000))
    assert len(counts) == 10


def test_a_step_says_whose_prompt_it_is_and_why_it_went_elsewhere():
    """The home, or the next one and that the home is full."""
    made, view, asked = PrefixAffinity("m", POOL[:2], Strategies()), FakeView(), saying("hello")
    first = made.pick(asked, view, LoadedDice())
    home, other = POOL[first[0]].id, POOL[1 - first[0]].id
    view.loads[home] = 9
    second = made.pick(asked, view, LoadedDice())
    assert first[1].reason == f"prefix_affinity: {home} is where prompts with this beginning go"
    assert second[1].reason == (
        f"prefix_affinity: {other} is next, for {home}, where they go, has its share of what is in flight"
    )


def test_a_session_stays_at_home():
    """Wherever it was served last, however busy and degraded that is."""
    view = FakeView(homes={"s": "d7"}, loads={"d7": 50}, reduced={"d7": 0.5})
    assert picked(Affinity, in_session("s"), view) == "d7"


def test_a_session_without_a_fit_home_gets_one_by_its_name():
    """Always the same; and who is new gets one too."""
    gone = FakeView(homes={"s": "gone"})
    assert picked(Affinity, in_session("s"), gone) == picked(Affinity, in_session("s"))
    assert len({picked(Affinity, in_session(f"s{n}")) for n in range(100)}) == 10


@pytest.mark.parametrize(
    "hints", [Hints(task="coding"), Hints(task_class="coding"), Hints(task="other", task_class="coding")]
)
def test_without_a_session_requests_of_one_task_stay_together(hints):
    """Whatever they say."""
    hinted = [request(hints=hints, body=saying(text).body) for text in ("one", "two", "three")]
    assert {picked(Affinity, asked) for asked in hinted} == {picked(Affinity, request(hints=Hints(task="coding")))}


def test_without_any_hint_prompts_that_begin_alike_stay_together():
    """As prefix_affinity has it."""
    assert len({picked(Affinity, saying("x" * 2_000 + str(turn))) for turn in range(20)}) == 1


def test_new_sessions_go_where_the_evidence_is():
    """Who fails nine times of ten gets about a tenth of what the others get."""
    view = FakeView({d.id: Standing(99, 0.1 if d.id == "d0" else 1.0, 1.0) for d in POOL})
    counts = Counter(picked(Affinity, in_session(f"s{n}"), view) for n in range(5_000))
    assert 0.05 < counts["d0"] / (sum(counts.values()) / 9.1) < 0.2


@pytest.mark.parametrize("name", ["a\r\nSet-Cookie: b", "é" * 999, "\ud800"])
def test_a_sessions_name_is_not_told(name):
    """Callers choose it: it is hashed, whatever it holds, and never printed."""
    _, step = Affinity("m", POOL, Strategies()).pick(in_session(name), FakeView(), LoadedDice())
    assert name not in step.reason
    assert step.reason.isprintable()
