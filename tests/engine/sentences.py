"""Plain sentences to listen to, 126 words in all."""

PROSE = [
    "The president said that the government would continue to support the economy during the next year.",
    "She wanted to know whether the people in the village had ever seen the ocean before.",
    "My father worked in the same company for more than thirty years, and he never complained about it.",
    "It was a bright cold day in April, and the clocks were striking thirteen.",
    "We have to leave early tomorrow morning, because the train does not wait for anyone.",
    "He opened the letter slowly and read the first two lines without saying a word.",
    "There are many reasons why people choose to live in the city rather than in the country.",
    "If you have any questions about the program, please call the office before noon.",
]
