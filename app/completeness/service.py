"""How complete the record of a batch is, read from its story as anybody may see it."""

from collections.abc import Mapping

from sqlalchemy import Engine

from app.batches.reading import BatchReader
from app.completeness.judging import Completeness, Gap, judge
from app.completeness.profile import Profile
from app.errors import NotFound
from app.log import Log
from app.rules.tables import Tables
from ledger.identity import ChainId


class Completer:
    """Judges batches of one log by ``profiles``. Safe on many threads."""

    def __init__(self, reader: BatchReader, engine: Engine, log: Log, profiles: Mapping[str, Profile]) -> None:
        self._reader = reader
        self._engine = engine
        self._log_id = log.log_id
        self.profiles = profiles

    def of(self, chain: ChainId, profile: str = "", as_of: str | None = None) -> list[Completeness]:
        """By one profile, whether or not it is for such goods, or by all that are, in the order of their ids.

        Raises NotFound ``no-code`` or ``no-profile``, Malformed ``as-of``.
        """
        if profile and profile not in self.profiles:
            raise NotFound("no-profile", path="profile", has=profile[:80], wanted=", ".join(sorted(self.profiles)))
        story = self._reader.story(chain, None, as_of)
        batch = next(told.batch for told in story if told.steps == 0)
        with self._engine.connect() as connection:
            tables = Tables.load(connection, self._log_id)
        name = batch.name.zh
        category = tables.category(name)
        wanted = [profile] if profile else sorted(self.profiles)
        judged = (judge(self.profiles[one], story, self._reader.names.registry, category, name) for one in wanted)
        return [one for one in judged if profile or one.applies]

    def to_do(self, chain: ChainId, party: ChainId) -> list[Gap]:
        """What ``party`` can fill in of a batch next, by the profiles of its own country, what weighs most first."""
        judged = [one for one in self.of(chain) if self.profiles[one.profile].home]
        gaps = [gap for one in judged for gap in one.gaps if _is_for(gap, party)]
        return sorted(gaps, key=lambda gap: -gap.cost)


def _is_for(gap: Gap, party: ChainId) -> bool:
    """Its own records, or a step that nobody recorded; what was recorded late stays so."""
    return gap.state == "missing" and (not gap.parties or party in gap.parties)
