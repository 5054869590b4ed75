"""Words that ask rather than tell, in English, Chinese and Korean: a question is searched by what is left."""

from __future__ import annotations

import re

from scratchlab.notebook.index.words import CJK, pairs

ENGLISH = frozenset(
    ["a", "about", "after", "again", "all", "also", "am", "an", "and", "any", "anyone", "anything", "are", "as", "at", "be", "because", "been", "before", "being", "between", "both", "but", "by", "can", "could", "did", "do", "does", "doing", "done", "during", "each", "else", "ever", "exactly", "find", "for", "found", "from", "get", "give", "go", "got", "had", "happen", "happened", "happening", "has", "have", "having", "he", "her", "here", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "know", "last", "let", "like", "list", "made", "make", "many", "may", "me", "mean", "mention", "mentioned", "might", "mine", "more", "most", "much", "my", "myself", "need", "no", "nor", "not", "note", "noted", "notes", "now", "of", "off", "on", "once", "one", "only", "or", "other", "our", "ours", "out", "over", "own", "please", "remember", "remind", "same", "say", "said", "see", "shall", "she", "should", "show", "so", "some", "such", "tell", "than", "that", "the", "their", "them", "then", "there", "these", "they", "thing", "things", "think", "this", "those", "through", "to", "too", "under", "until", "up", "upon", "us", "use", "used", "using", "very", "was", "we", "were", "what", "whatever", "when", "where", "which", "while", "who", "whom", "whose", "why", "will", "with", "within", "work", "worked", "working", "would", "write", "written", "wrote", "you", "your", "yours", "still", "yet", "ago", "back", "any", "kind", "sort", "way"]
)
CHINESE = ["为什么", "什么时候", "什么", "怎么样", "怎么办", "怎么", "怎样", "如何", "哪里", "哪个", "哪些", "哪天", "哪次", "哪", "谁", "几个", "几次", "多少", "多大", "多久", "是否", "有没有", "能不能", "是不是", "可以", "请问", "告诉", "我们", "你们", "他们", "我", "你", "他", "她", "它", "时候", "的", "了", "吗", "呢", "吧", "啊", "在", "是", "有", "和", "与", "跟", "或", "对", "把", "被", "给", "让", "用", "从", "到", "上", "下", "里", "中", "过", "着", "就", "都", "也", "还", "又", "再", "才", "只", "很", "最", "更", "做了", "做", "干", "发生", "关于", "之间", "之前", "之后", "以及", "因为", "所以", "但是", "那", "这", "一下", "一个", "一些", "当时", "后来", "记得", "记录", "笔记", "写", "说", "要", "会", "能", "得", "地", "为", "以", "而", "于"]
KOREAN_WORDS = frozenset(
    ["왜", "무엇", "뭐", "무슨", "어떤", "어떻게", "어디", "어디서", "어디에", "언제", "누가", "누구", "몇", "얼마", "얼마나", "얼마였지", "했지", "했어", "했나", "했나요", "했는지", "하는", "한", "하고", "할", "하기", "했던", "했을까", "인가", "인가요", "였지", "였나", "이었지", "이야", "뭐였지", "뭐야", "뭐지", "뭐가", "있었지", "있었나", "있었어", "있어", "있나", "있는", "있지", "됐지", "됐어", "됐나", "되는", "된", "될", "그", "이", "저", "것", "거", "나", "내", "내가", "나는", "우리", "우리가", "때", "때문", "때문에", "대해", "대한", "관해", "관련", "그리고", "또", "또는", "및", "수", "등", "중", "좀", "다", "더", "안", "못", "적", "적은", "썼지", "썼어", "말", "말했지", "알려줘", "찾아줘", "보여줘", "어느", "몇번", "무엇을", "무엇이", "뭘", "어땠지", "어땠어", "하지", "하려고", "위해", "위한"]
)
_HAN = re.compile("|".join(sorted(map(re.escape, CHINESE), key=len, reverse=True)))
_PIECE = re.compile(f"[^\\W_{CJK}]+(?:[._+=/:-]+[^\\W_{CJK}]+)*|[\uac00-\ud7a3]+|[{CJK}]+")
_ENDINGS = re.compile(
    "(?:으로는|으로|에서는|에서|에게|까지|부터|에는|은|는|이|가|을|를|의|에|도|만|와|과|로|랑|이랑|라고|였지|였나|인지|했지|했나|했어|했더라|였더라|이었지)$"
)


def content(question: str) -> list[str]:
    """The words of a question that tell what it is about, in order; CJK in pieces between asking words.

    >>> content("Why did we give up on bc-resnet at lr=3e-4?")
    ['give', 'bc-resnet', 'lr=3e-4']
    >>> content("为什么放弃了显存优化")
    ['放弃', '显存优化']
    """
    return list(dict.fromkeys(word for match in _PIECE.finditer(question) for word in _told(match[0])))


def _told(piece: str) -> list[str]:
    if piece[0] < "\u3000":
        word = piece.lower().removesuffix("'s")
        return [] if word in ENGLISH or (len(word) == 1 and not word.isdigit()) else [word]
    if "\uac00" <= piece[0] <= "\ud7a3":
        if piece in KOREAN_WORDS:
            return []
        stem = _ENDINGS.sub("", piece)
        return [stem if len(stem) > 1 else piece]
    return [part for part in _HAN.split(piece) if part]


def expression(words: list[str]) -> str:
    """A full-text query for any of the words; one with marks inside, or in CJK, as the pairs or parts it is indexed by.

    >>> expression(["bc-resnet", "显存优化"])
    '"bc resnet" OR "显存" OR "存优" OR "优化"'
    """
    return " OR ".join(dict.fromkeys(term for word in words for term in terms(word)))


def terms(word: str) -> list[str]:
    """What of the index a word of a question is looked up as."""
    if word[0] > "\u3000":
        return [f'"{pair}"' for pair in pairs(word)]
    parts = re.findall(r"[^\W_]+", word)
    return [f'"{" ".join(parts)}"'] if parts else []
