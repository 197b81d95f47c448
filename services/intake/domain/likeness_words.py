"""Words that tell nothing of who a party is: kept apart from the rules that pass over them."""

from collections.abc import Mapping
from typing import Final


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


RELATIONS: Final[Mapping[str, frozenset[str]]] = {
    "partner": _words("ex partner expartner husband wife boyfriend girlfriend spouse fiance fiancee bf gf hubby"),
    "family": _words(
        "son daughter brother sister father mother mum dad mam uncle aunt cousin nephew niece stepdad stepson"
    ),
    "neighbour": _words("neighbour neighbor nextdoor"),
    "stranger": _words("stranger"),
    "work": _words("colleague boss manager workmate supervisor coworker"),
}
"""What the party is to the person: two different ones cannot be the same party."""

PEOPLE: Final = _words(
    "man men woman women bloke guy chap fella fellow lad lass boy girl kid child children teen teenager youth lady",
    "gent gentleman person people male female somebody someone anybody couple family group gang crowd mob friend",
    "mate other neighbour tenant resident owner occupier householder caller client customer pupil student driver",
    "rider user party",
)
"""Nouns for a person: what stands around them describes a party."""

COLOURS: Final = _words(
    "red green blue black white brown grey gray yellow orange pink purple navy dark light silver gold ginger blond",
    "blonde",
)

PLACES: Final = _words(
    "flat flats house home block floor ground upstairs downstairs door estate road street close lane avenue drive",
    "way mews court row walk square crescent terrace gardens grove park place hill green garage shop store pub bar",
    "club school bus station church building tower corner landing stairs town village city area local opposite next",
    "end side top bottom room garden gate yard number no apartment bungalow near behind outside inside round",
)

STREETS: Final = _words(
    "road rd street st close lane ln avenue ave drive mews house court row walk square crescent terrace gardens",
    "grove way",
)
"""What ends the name of a street or building, which everybody there has in common."""

COMMON: Final = _words(
    "a an the and or but if of to in on at by for from with without as is are was were be been being am do does did",
    "done have has had having will would can could should may might must not no nor never ever so than then there",
    "their them they he she it its his her hers him we us our ours you your yours i me my mine this that these",
    "those who whom whose which what when where why how all any both each few more most much many some such only",
    "own same too very just about above after again against before below between down during further here into off",
    "once out over through under until up while because also always another around away back came come comes coming",
    "get gets getting go goes going gone got good great give gave keep keeps kept know knows known last later left",
    "let like likes long look looks made make makes maybe mean need new night nights day days week weeks month",
    "months year years time times today tonight yesterday tomorrow morning evening afternoon hour hours minute",
    "minutes now often old one ones two three four five six seven eight nine ten first second third really right",
    "said say says saying saw see seen seems since someone something somebody still stop stopped sure take takes",
    "taken tell tells thank thanks thing things think thought told took tried try trying turn use used want wanted",
    "wants went well yes yeah yet hello please sorry anyone anything everyone everything nothing nobody police",
    "officer call called calls caller calling ring rang phone report reported reporting reports happen happened",
    "happening happens help people person young tall short small big large little thin fat slim possibly perhaps",
    "probably unknown name named surname describe described withheld wearing aged early mid late twenties thirties",
    "forties fifties monday tuesday wednesday thursday friday saturday sunday january february march april june",
    "july august september october november december every everyday weekend lot lots bit kind sort way ways put",
    "puts set half dont don't didn't doesn't isn't wasn't can't won't i'm i've i'd i'll it's that's he's she's",
    "they're we're we've there's bad worse nice account across actually ago ahead already ask asked asking baby",
    "bang bed begin book booked bottle break car card cause centre chair changed contact couldnt council cried cry",
    "cut date dead different eating else email english even eye face fair feel feeling find fine fire foot found",
    "frightened front god hair hand handle head hear heard heart hell hit hold holding holiday hospital hurt idea",
    "job key kitchen lad laugh laughed laughing leave leaving leg letter life live lived lock locked log looked",
    "looking lose lost love message money mouth move moved neck noise non note office open order paid past patient",
    "pay post pulled question quiet raised rather read reading ready ref reference run running safe sat scared",
    "seeing send sending sent shaking shift shout shouted shouting sick sit site sitting sleep social speak spoke",
    "stand standing start started step stick stood swear swearing taxi talk talking team telling term text threat",
    "threatened threatening throw threw till turned turning twice upset voice wait waited waiting walk walked",
    "walking wall watch watched watching water whole window word work worked working worried write writing wrong",
    "wrote youre theyre theyve weve ive youve hes shes hed shed theyd wed youd id ill itll itd thats theres whats",
    "wheres whos doesnt didnt isnt arent wasnt werent hasnt havent hadnt wouldnt shouldnt wont aint um erm uh yep",
    "nope oh ah woman man mr mrs ms miss mx dr sir madam operator emergency service alright okay ok cant",
)

SHORT_NAMES: Final[Mapping[str, str]] = {
    short: name
    for name, shorts in {
        "david": "dave davey",
        "anthony": "tony ant",
        "michael": "mick mike mikey",
        "robert": "rob bob bobby robbie",
        "william": "will bill billy",
        "richard": "rick dick rich",
        "james": "jim jimmy jamie",
        "john": "jack johnny jonny",
        "thomas": "tom tommy",
        "gary": "gaz",
        "barry": "baz bazza",
        "darren": "daz dazza",
        "malcolm": "malky mal",
        "christopher": "chris",
        "matthew": "matt",
        "daniel": "dan danny",
        "joseph": "joe joey",
        "samuel": "sam sammy",
        "stephen": "steve steven",
        "andrew": "andy drew",
        "edward": "ed eddie ted",
        "alexander": "alex sandy",
        "nicholas": "nick nicky",
        "patrick": "pat paddy",
        "kenneth": "ken kenny",
        "ronald": "ron ronnie",
        "lee": "leigh",
        "elizabeth": "liz beth lizzie betty",
        "katherine": "kate kathy katie",
        "margaret": "maggie meg peggy",
        "susan": "sue",
        "patricia": "trish tricia",
        "jennifer": "jen jenny",
        "rebecca": "becky bex",
        "deborah": "deb debbie",
    }.items()
    for short in shorts.split()
}

NUMBERS: Final[Mapping[str, str]] = {
    word: str(number)
    for number, word in enumerate(
        [
            *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
            *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
        ],
        start=1,
    )
}
