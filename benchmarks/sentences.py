"""Plain sentences to speak and to listen to. What is tuned is tuned on `PROSE`; figures are taken on `HELD_OUT`."""

from typing import Final

PROSE: Final = (
    "The president said that the government would continue to support the economy during the next year.",
    "She wanted to know whether the people in the village had ever seen the ocean before.",
    "My father worked in the same company for more than thirty years, and he never complained about it.",
    "It was a bright cold day in April, and the clocks were striking thirteen.",
    "We have to leave early tomorrow morning, because the train does not wait for anyone.",
    "He opened the letter slowly and read the first two lines without saying a word.",
    "There are many reasons why people choose to live in the city rather than in the country.",
    "If you have any questions about the program, please call the office before noon.",
)

HELD_OUT: Final = (
    "Most of the students who passed the examination had studied together every evening.",
    "The doctor told him that he should take a long walk every day and drink more water.",
    "Our neighbors bought a new house near the river last summer.",
    "The children were playing in the garden while their mother was making dinner in the kitchen.",
    "Nobody in the room could remember who had asked the question first.",
    "The young woman at the desk smiled and gave him the key to his room.",
    "After the war many families moved to the west to look for work.",
    "You should never leave the door open when you go to bed at night.",
    "The price of bread has gone up three times since the beginning of the year.",
    "They waited in front of the theater for almost an hour, but she did not come.",
    "A small brown dog was sleeping under the table next to the fire.",
    "The new law will change the way in which schools are paid for.",
    "I have not seen my brother since he left for the army.",
    "On Sunday afternoon we often went down to the lake and watched the boats.",
    "The teacher wrote two words on the board and then turned around.",
    "Some of the men had been working in the mine for twenty years.",
    "The road to the village was covered with snow, and nobody had cleared it.",
    "He says that he will pay the money back before the end of the month.",
    "There was no answer, so she knocked again and called his name.",
    "The last train had already left when we arrived at the station.",
)
