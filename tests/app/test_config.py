"""Settings: what is given overrides the environment, which overrides the file."""

from pathlib import Path

import pytest

from app import config
from app.errors import ServiceError


def test_each_overrides_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "gengji.toml").write_text('port = 1\nhost = "::1"\nworkers = 3\n')
    settings = config.load(tmp_path, {"GENGJI_PORT": "2", "GENGJI_HOST": "127.0.0.2"}, port=3, host=None)
    assert (settings.port, settings.host, settings.workers, settings.data) == (3, "127.0.0.2", 3, tmp_path)


def test_witnesses_have_their_addresses_in_the_file_or_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "gengji.toml").write_text('[witnesses]\n"农业农村局" = "http://10.0.0.7:8100"\n')
    assert config.load(tmp_path, {}).witnesses == {"农业农村局": "http://10.0.0.7:8100"}
    told = {"GENGJI_WITNESSES": '{"w1":"https://w1.example"}'}
    assert config.load(tmp_path, told).witnesses == {"w1": "https://w1.example"}


def test_a_mail_server_has_a_sender_and_nothing_unknown(tmp_path: Path) -> None:
    (tmp_path / "gengji.toml").write_text('[mail]\nhost = "mail.example.org"\nfrom = "ledger@example.org"\n')
    mail = config.load(tmp_path, {}).mail
    assert mail
    assert (mail.host, mail.port, mail.starttls, mail.sender) == ("mail.example.org", 587, True, "ledger@example.org")
    told = '{"host":"127.0.0.1","port":25,"starttls":false,"from":"a@b"}'
    assert (mail := config.load(tmp_path, {"GENGJI_MAIL": told}).mail)
    assert (mail.host, mail.starttls) == ("127.0.0.1", False)
    for wrong in ('{"host":"a"}', '{"host":"a","from":"me"}', '{"host":"a","from":"a@b","colour":1}'):
        with pytest.raises(ServiceError, match="settings"):
            config.load(tmp_path, {"GENGJI_MAIL": wrong})


@pytest.mark.parametrize(
    "environment", [{"GENGJI_WITNESSES": "{"}, {"GENGJI_WITNESSES": "[1]"}, {"GENGJI_WITNESSES": '{"w":1}'}]
)
def test_what_is_no_setting_is_named(tmp_path: Path, environment: dict[str, str]) -> None:
    with pytest.raises(ServiceError, match="settings"):
        config.load(tmp_path, environment)


@pytest.mark.parametrize("text", ["colour = 1\n", 'port = "many"\n', "port = \n"])
def test_a_file_that_is_wrong_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "gengji.toml").write_text(text)
    with pytest.raises(ServiceError, match="settings"):
        config.load(tmp_path, {})
