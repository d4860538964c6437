"""What is wrong with a command as it was typed, in Chinese and in English."""

from typing import get_args

from cyclopts import CoercionError, CycloptsError, MissingArgumentError, UnknownCommandError, UnknownOptionError
from cyclopts.exceptions import RepeatArgumentError, UnusedCliTokensError

from ledger.wordings import Lang

_CALLED = {"CODE": "追溯码", "FILES": "文件", "NAME": "名称"}
"""What is given without an option's name."""


def say(error: CycloptsError, lang: Lang) -> str:
    """One sentence, and where the right words stand."""
    command = " ".join(("gengji", *(error.command_chain or ())))
    if lang == "en":
        error.verbose = False
        return f"{error} See {command} --help."
    return f"{_chinese(error)}。用法见 {command} --help"


def _chinese(error: CycloptsError) -> str:
    match error:
        case UnknownOptionError(token=token):
            return f"没有选项 {token.keyword or token.value}"
        case UnknownCommandError(unused_tokens=[word, *_]):
            return f"没有命令 {word}"
        case UnusedCliTokensError(unused_tokens=[*words]):
            return f"多出来的内容：{' '.join(words)}（内容里有空格的，请加引号）"
        case MissingArgumentError(argument=argument) if argument is not None:
            given = error.keyword or argument.name
            return f"{given} 后面缺少内容" if error.keyword else f"缺少 {_CALLED.get(given, given)}"
        case RepeatArgumentError(token=token):
            return f"{token.keyword} 写了两次"
        case CoercionError(token=token) if token is not None:
            choices = [str(one) for one in get_args(error.target_type) if isinstance(one, str)]
            wanted = f"，可选：{'、'.join(choices)}" if choices else ""
            where = token.keyword or (error.argument.name if error.argument else "")
            return f"{where} 的内容“{token.value}”不对{wanted}"
    return f"命令写得不对：{error}"
