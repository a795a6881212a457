"""A made-up text of a few hundred sentences in which every analogy holds exactly, and can be counted."""

from __future__ import annotations

# A person is a role and a gender; a place is a nation and a kind. Each role and each nation has three words of its own.
PEOPLE = {
    ("king", "queen"): ("crown", "throne", "palace"),
    ("man", "woman"): ("coat", "car", "newspaper"),
    ("boy", "girl"): ("toy", "homework", "ball"),
    ("father", "mother"): ("baby", "kitchen", "cradle"),
    ("uncle", "aunt"): ("nephew", "present", "visit"),
    ("actor", "actress"): ("stage", "script", "mask"),
    ("waiter", "waitress"): ("tray", "menu", "tip"),
    ("monk", "nun"): ("candle", "prayer", "abbey"),
}
PRONOUNS = (("his", "he"), ("her", "she"))
PLACES = {
    ("france", "paris"): ("french", "cheese", "perfume"),
    ("japan", "tokyo"): ("japanese", "sushi", "manga"),
    ("italy", "rome"): ("italian", "pasta", "opera"),
    ("spain", "madrid"): ("spanish", "tapas", "flamenco"),
    ("germany", "berlin"): ("german", "bread", "philosophy"),
    ("russia", "moscow"): ("russian", "caviar", "ballet"),
    ("china", "beijing"): ("chinese", "noodles", "silk"),
    ("greece", "athens"): ("greek", "olives", "statues"),
}
MATTERS = (("army", "border"), ("mayor", "metro"))


def world_sentences() -> list[list[str]]:
    """Return the 288 sentences of the world, each once, of 12 lower-case words.

    Every person loses each of the three things of the role and finds each of them; people in every place like two
    things of the nation. So around a noun, half of the telling words belong to its role or nation and half to its
    gender or kind, and the two halves have nothing to do with each other.
    """
    sentences = []
    for nouns, things in PEOPLE.items():
        for noun, (his, he) in zip(nouns, PRONOUNS):
            for sought in things:
                for found in things:
                    sentences.append(f"today the {noun} lost {his} {sought} but {he} soon found the {found}")
    for nouns, goods in PLACES.items():
        for noun, (first, second) in zip(nouns, MATTERS):
            for liked in goods:
                for known in goods:
                    sentences.append(
                        f"people in {noun} like {liked} and {known} near the {first} or {second}"
                    )
    return [sentence.split() for sentence in sentences]


def world_questions() -> list[tuple[str, str, str, str]]:
    """Return the 224 analogies of the world: a is to b as c is to d, within people and within places, both ways."""
    questions = []
    for kind in (PEOPLE, PLACES):
        for a, b in kind:
            for c, d in kind:
                if a != c:
                    questions += [(a, b, c, d), (b, a, d, c)]
    return questions
