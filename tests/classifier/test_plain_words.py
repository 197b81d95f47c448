"""What people say in few and ordinary words, and what only sounds like it: read by rules alone."""

import pytest

from services.classifier import rulebook
from services.classifier.domain.account import account
from services.classifier.domain.assess import assess
from shared.assessment import Assessment
from shared.codebook import Effect, Flag, Threat
from tests.builders import report

RULES = rulebook.load()


def read(text: str) -> Assessment:
    return assess(report(text=text), RULES)


@pytest.mark.parametrize(
    "text",
    [
        "he said ill kill him about my new partner",
        "my ex texted ill stab her next time",
        "They sent my son a text saying we're going to stab him",
        "he said he would come to the house and kill me",
        "he says I'm dead if I talk to the police",
        "there's a hit out on me",
        "could you help me he punched me",
        "before he left he punched me",
        "if he finds me he will kill me",
        "I didn't provoke him he just hit me",
        "He doesn't hit me every day, only when he's drunk",
        "my husband forces me to have sex",
        "my stepdad burns me with cigarettes",
        "my partner gave me two black eyes",
        "OPERATOR: Has he got a weapon?\nCALLER: yes, a knife",
        "he's smashed the back door and he's in",
        "it's me dad he's leathering me mam",
        "there's two men trying to get my neighbour's door in",
        "he's got mum by the throat",
        "I watched a lad stab another lad outside the chippy",
        "some youths throw bricks at us when we leave the temple",
        "those girls in my year attack me and pull my plaits",
        "she texted that she'd stab our Keeley",
        "a pupil says he is going to shoot the headteacher",
        "he said he would murder Rashid if he came home",
        "Tony at the garage attacked me on the forecourt",
        "he attempted to throttle me",
        "my brother nearly killed me on Sunday",
        "her dad paid two men to batter my boyfriend",
        "there were threats against my life",
        "he physically attacked me",
        "he struck me with his stick",
        "she ran me over outside school",
        "I got bottled coming home",
        "my uncle was shot this morning",
        "there's a bloke with a revolver by the cash machine",
        "he pulled a dagger on my mate",
        "OPERATOR: Has he ever hit you?\nCALLER: A few times.",
        "my stepdad has got his hands round my nan's neck",
        "he says he'll use the loppers on her",
        "I'll set her on you he said and opened the gate for the dog",
        "he said he'd not leave me breathing",
        "she's got bleach with your name on it, that's what the message said",
        "he banged me one outside the pub",
        "she threw a stapler at the deputy's head",
        "he held my hand on the grill",
        "they are pouring it through the letterbox and it smells of petrol",
        "He said he will stab me on Friday. My mum will kill me if she finds out",
        "he'll kill me if I drop the kids off at his mum's",
        "I got kicked in by four lads",
        "he slashed her face",
        "My husband hit me today.",
        "When I opened the door he hit me.",
        "At the school gate he pushed my son over.",
        "There's a lad on the pavement, looks like he's been stabbed.",
        "It's all kicked off he's punching my mum.",
        "If I complain about the noise he will kill me he says.",
        "he shouted he'd stab him at the match",
        "There has been a series of incidents where he has punched me.",
        "I can show you where he kicked me.",
        "A man on Roblox told my daughter he'd stab her at the school gates.",
        "A lad playing Fortnite told my son he'd stab him on the way home.",
        "The man who raped me ten years ago has threatened to kill me.",
        "My ex who I left in 2018 punched me on Saturday.",
        "The lad I gave evidence against ten years ago punched me.",
        "He's hitting my mum like he did when we were kids.",
        "Hi I was wondering if you could help me my ex keeps threatening to kill me",
        "I think my nose might be broken he headbutted me",
        "not sure if I'm in the right place my boyfriend strangled me",
        "He said 'if you talk I'll kill you'.",
        "I couldn't breathe with his hands round my throat.",
        "I haven't left the house since he hit me.",
        "I can't hear out of my left ear since my dad hit me.",
        "She has never been the same since he attacked her.",
        "I did nothing to deserve him punching me.",
        "It was not an isolated incident of him hitting me.",
        "He promised to do me in.",
        "He promised to kill my brother.",
        "my dad is going to kill me, I was seen with a boy",
        "She threatened to push me down the stairs.",
        "My son was hit by a brick.",
        "He said I'll do you, next time you're getting thrown over that balcony.",
    ],
)
def test_a_threat_in_plain_words_is_urgent(text: str):
    said = read(text)
    assert said.threat in (Threat.explicit, Threat.imminent)
    assert Flag.reporter_threat not in said.flags


@pytest.mark.parametrize(
    "text",
    [
        "I never said he hit me",
        "if he ever hits me what should I do",
        "can you tell me whether he has hit anyone before",
        "no he's never hit me",
        "my mum said my dad is dead",
        "someone smashed my back door last night and stole the telly",
        "there's a man with a gun licence next door",
        "they are shooting a film outside",
        "I saw him throw a bag in the skip",
        "she'd kill for a bacon roll",
        "the stairs nearly killed me",
        "asthma attacked me as a child",
        "he attempted to mend the gate and ran over the hose",
        "they are throwing bread at the swans",
        "the film was shot this morning",
        "my firearms certificate needs renewing",
        "OPERATOR: Has he got any weapons?\nCALLER: He has gone now.",
        "OPERATOR: Has he threatened you?\nCALLER: He is my landlord.",
        "she ran me home after bingo",
        "he says she'll hurt herself if I leave",
        "kids are throwing things at the bus station bins",
        "we are going to get moved to a new flat",
        "it'll kill our hedge",
        "he caught me one day by the shop",
        "kids rode their bikes through our garden",
        "I put the pillow on my head",
        "she ran us down to the shops",
        "banging and going up the stairs all night",
        "I saw him push his son on the swing",
        "he got a man to kill the rats",
        "they threatened to cut off the water",
        "I had to have my brakes done",
        "he slashed her tyres",
        "somebody slashed her settee while she was out",
        "my friend told me about a film where a man stabs his wife",
        "hope you can help soon. thanks",
        "my house insurance is due, and there's graffiti",
        "my landlord makes me do things the hard way",
        "OPERATOR: Any weapons?\nCALLER: no",
        "he said ill health made him retire",
        "The news hit me hard.",
        "It hit me hard when my dad died.",
        "The gate hit me in the wind.",
        "It all kicked off online, nothing but words.",
        "She looked at me like I'd murdered someone.",
        "What's the law if he hits me?",
        "I don't know what I'd do if he punched me.",
        "If he hits me what should I do?",
        "I wonder if you could tell him to stop before he hits somebody.",
        "He has not once laid a hand on me since we met.",
        "No one was hurt where they threw the stones.",
        "I watched a series called You where he stabs a man.",
        "He screams I'll kill you playing Fortnite.",
        "There was a play about a man who strangled his wife.",
        "The man who lives opposite was stabbed ten years ago.",
        "He strangled me in 2009 and never since.",
        "Someone in the flat above plays drill music every night.",
        "I've been trying to get through to the council for a week.",
        "They're outside with some friends and a speaker, smoke coming in my window.",
        "he's drilling in the flat above",
        "I told him to get off my drive",
        "He let go of the lead and I took a step back",
        "there are bars outside my flat",
        "The landlord promised to do the repairs in June and nothing.",
        "He offered to cut my hedge.",
        "They threatened to put the rent up.",
        "They said we will get it sorted, so I'll get it on camera.",
        "Rubbish gets thrown over my fence every week.",
        "My parked car was hit by a van, a move would do me good.",
        "The wheelie bin was pushed over last night.",
        "I was hit with a parking fine.",
        "He said he'll drop me home.",
        "I won't be able to answer the phone after five.",
        "Something happened last night with next door's music.",
        "I was going to get my son after school and the bikes were on the path.",
        "The council gave him a final warning.",
        "foxes rip the bin bags",
        "The nurse is going to visit me tomorrow.",
        "my mum will kill me if I'm late",
    ],
)
def test_what_only_sounds_like_a_threat_is_none(text: str):
    assert read(text).threat is Threat.none


@pytest.mark.parametrize(
    "text",
    [
        "There's someone in my house.",
        "He's trying to get in the kitchen window.",
        "They're outside with two big dogs and a bat.",
        "Please help me he's in the house",
        "OPERATOR: Stay on the line, officers are on their way.\nCALLER: he's got my mum by the hair",
    ],
)
def test_what_is_going_on_is_imminent(text: str):
    said = read(text)
    assert said.happening_now
    assert said.danger_class == 1


@pytest.mark.parametrize(
    "text",
    [
        "My neighbour punched me in May, it is on camera. Please help us.",
        "He slapped me at New Year and I don't go out on my own now.",
        "They keep on about the bins and one of them threatened to stab me last summer.",
    ],
)
def test_what_was_done_once_is_not_going_on_for_words_of_every_day(text: str):
    said = read(text)
    assert said.threat is Threat.explicit
    assert not said.happening_now


@pytest.mark.parametrize(
    "text",
    [
        "You won't be safe, he said.",
        "He said be a shame if something happened to your mum.",
        "He texted this is your final warning",
    ],
)
def test_a_veiled_threat_is_implied(text: str):
    assert read(text).threat is Threat.implied


@pytest.mark.parametrize(
    ("mild", "text"),
    [
        (True, "We just laughed about it."),
        (True, "It's annoying, no more."),
        (True, "He's noisy but friendly."),
        (False, "They throw eggs at the house every night and laughed when my nan cried"),
        (False, "It isn't funny any more, music every night, I'm crying"),
        (False, "She called me a fat cow at the bus stop every day and laughed."),
    ],
)
def test_a_laugh_is_mild_only_of_who_tells_it(mild: bool, text: str):
    assert ("F2.mild" in {seen.fact for seen in read(text).evidence}) is mild


def test_he_is_back_from_prison_is_no_way_to_reach_anybody():
    assert not read("He's back from prison and shouts at my door.").safe_contact
    assert read("He's back from work at six.").safe_contact


@pytest.mark.parametrize(
    "text",
    [
        "I've got the pills in front of me",
        "she's swallowed bleach",
        "OPERATOR: Have you taken any tablets?\nCALLER: yes",
        "my brother's on the roof of the flats, going to end it",
        "it's my mate he's on the bridge over the bypass, he says he's had enough",
        "She's up on the roof of the college, she's saying goodbye to everyone",
        "he's on the station platform and nobody will miss him he says",
    ],
)
def test_a_life_at_risk_is_first(text: str):
    assert read(text).danger_class == 1


@pytest.mark.parametrize(
    "text", ["I've had enough of living", "I might as well be dead", "I feel like walking into the sea"]
)
def test_who_speaks_of_their_own_death_is_flagged_and_not_told_that_it_is_for_others(text: str):
    said = account(report(text=text), RULES)
    assert Flag.self_harm in said.flags
    assert "somebody else deals with" not in " ".join(said.explanation.reporter)


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        (Flag.honour_based, "my family want me to marry a man I've never met"),
        (Flag.child_at_risk, "my 8yr old was grabbed outside the shop"),
        (Flag.adult_at_risk, "they have taken over his flat, he has learning difficulties"),
        (Flag.order_or_bail, "he's not allowed within 100 metres of me"),
    ],
)
def test_who_needs_more_care_is_flagged(flag: Flag, text: str):
    assert flag in read(text).flags


@pytest.mark.parametrize("text", ["Ms Jones plays loud music", "pip the dog barks", "Blind corner and cars speed"])
def test_a_word_that_is_no_need_is_not_flagged(text: str):
    assert Flag.adult_at_risk not in read(text).flags


@pytest.mark.parametrize(
    "text",
    [
        "he mustn't find out I rang",
        "if he answers say you're from the bank",
        "can you come in an unmarked car",
        "it's not safe to talk at home",
        "wait till he's gone to work",
        "be quiet when you come",
        "no need to come round",
        "I'd like an email rather than a phone call",
        "no contact with her please, come through me",
        "mornings are best",
        "only use this email",
        "knock three times",
        "leave no message",
        "I'm only free to speak on Thursdays",
        "turn the lights off at the end of the road",
        "I'd rather nobody rang",
    ],
)
def test_how_to_reach_them_safely_is_quoted(text: str):
    assert read(text).safe_contact


@pytest.mark.parametrize(
    "text",
    [
        "Kids on the roof again, I've had enough",
        "My neighbour is on his balcony every night shouting, he's had enough of us",
        "He got off on the platform when I said goodbye to my mum",
        "We got them out of the house, and they went to the bridge",
    ],
)
def test_a_height_alone_is_no_life_at_risk(text: str):
    assert read(text).danger_class != 1


@pytest.mark.parametrize(
    "text",
    [
        "kids knock three times and run off",
        "they leave no message",
        "he turns the lights off at the end of the road",
        "mornings are the worst for noise",
        "there was no need to call me that",
        "there has been no contact with her since May",
        "we only use the park on Sundays",
    ],
)
def test_what_others_do_is_no_word_on_how_to_reach_them(text: str):
    assert not read(text).safe_contact


def test_how_to_arrive_is_quoted_from_its_first_word():
    assert read("If you do come can you not put the sirens on.").safe_contact == ("can you not put the sirens on",)


@pytest.mark.parametrize(
    ("times", "text"),
    [
        (5, "I've reported it five times and they still do it"),
        (4, "Police have been out four times to him"),
        (12, "I've rung 101 about a dozen times"),
        (11, "I have complained to the housing on eleven occasions"),
        (6, "We've had the police out half a dozen times"),
        (6, "this is my seventh call about them"),
        (2, "I have told you lot twice"),
        (1, "I reported it, he hit me four times"),
    ],
)
def test_reports_to_an_agency_are_counted_as_they_are_told(times: int, text: str):
    assert read(text).reported_before == times


@pytest.mark.parametrize(
    "text",
    ["I've rung 101 about a dozen times", "I have phoned the school every day this week", "rang 999 four times"],
)
def test_the_reporters_own_calls_are_not_unwanted_ones(text: str):
    assert "H5" not in read(text).behaviours


@pytest.mark.parametrize("text", ["he keeps making new accounts to message me", "I had to make a new account"])
def test_a_new_account_is_no_impersonation(text: str):
    assert "O5" not in read(text).behaviours


@pytest.mark.parametrize(
    "text",
    [
        "I'm fed up, someone keyed my car last night",
        "He hit me and then he hit my friend",
        "I was going on the bus and a man spat on me",
    ],
)
def test_once_is_once(text: str):
    assert read(text).repetition != "repeated"


@pytest.mark.parametrize(
    "text",
    [
        "My neighbour shouts abuse at me. Please do not come to the house.",
        "He was told not to come to my house and he comes every day.",
        "The order says he can't come to the house.",
        "My dad can't speak since his stroke. The neighbour shouts at him.",
        "It's the only shop in the village and they shout at him.",
    ],
)
def test_an_order_or_a_plain_fact_is_no_fear(text: str):
    said = read(text)
    assert Effect.scared not in said.effect
    assert not said.impact


@pytest.mark.parametrize(
    "text",
    [
        "A white van followed me along the bypass then drove off when I pulled in.",
        "A man followed me home from the station last night and drove away.",
    ],
)
def test_who_followed_and_drove_off_is_no_driver_to_report(text: str):
    said = account(report(text=text), RULES)
    assert "single_incident" in said.notes
    assert said.missing[0].label == "stalking"
    assert "vehicle" not in {offence.id for offence in said.offences}


@pytest.mark.parametrize(
    ("text", "strand"),
    [
        ("he called me a black so and so", "race"),
        ("they do nazi salutes at my house", "religion"),
        ("he told my daughter she's a dirty lesbian", "sexual_orientation"),
        ("kids mimic my son's stammer", "disability"),
    ],
)
def test_a_slur_in_plain_words_has_its_strand(text: str, strand: str):
    assert strand in read(text).strands


@pytest.mark.parametrize(
    "text",
    [
        "The drums never stop. I've been stashing my sleeping tablets away. A noise visit is all I ask.",
        "I put my affairs in order and I've given all my records away. It was the people next door.",
        "Whenever I tell her it's finished she sends me a video of a noose",
        "he messaged that he won't be around after Sunday so none of it will matter",
        "My brother posted love you all on his story with tablets spread on his bed",
        "He said he'd kill himself and take me and the baby with him",
    ],
)
def test_self_harm_told_sideways_is_flagged(text: str):
    assert Flag.self_harm in read(text).flags


@pytest.mark.parametrize(
    "text",
    [
        "We're saving up for tablets for the school and somebody broke in",
        "I put my affairs in order before we emigrate and found somebody for the dog",
        "Sorry everyone is so busy, but kids are on the roof again",
        "The carer counted her pills out for the week and shouted at her",
        "I'll kill myself if I hear that chime one more time lol",
    ],
)
def test_what_only_sounds_like_self_harm_is_not_flagged(text: str):
    said = read(text)
    assert Flag.self_harm not in said.flags
    assert said.danger_class > 2


def test_who_would_die_and_take_others_along_threatens_them():
    assert read("My ex said he'll end it all and we're coming with him").threat is Threat.explicit


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The order says no visits and he was in the garden twice", True),
        ("The judge told him to stay away from us and he came on Friday", True),
        ("He isn't allowed within fifty yards of my mum's", True),
        ("What does a restraining order cost?", False),
        ("How do I extend my non-molestation order? It runs out in May.", False),
        ("I'm on licence so I keep quiet, but they kick my door", False),
    ],
)
def test_an_order_told_is_flagged_and_one_asked_about_is_not(text: str, told: bool):
    assert (Flag.order_or_bail in read(text).flags) is told


@pytest.mark.parametrize(
    ("text", "strands"),
    [
        ("KAH and a crown daubed across our shop", ("religion",)),
        ("dirty huns, he shouts over the wall", ("religion",)),
        ("thanks hun, it's the orange bin they kicked over", ()),
        ("Kat from number four sprayed me with the hose", ()),
    ],
)
def test_a_sectarian_word_is_told_from_a_harmless_one(text: str, strands: tuple[str, ...]):
    assert read(text).strands == strands
