"""The folder of `local-up WATCH=1` follows every edit of the source."""

from pathlib import Path

from running_emulator import Emulator, create_function, zipped

from emulation.rig.deployment import PACKAGE, hot_reload_folder
from toolchain.layout import Layout

HANDLER = "from discord_diffusion.words import WORD\ndef handler(event, context): return WORD"


def test_an_edit_of_the_source_is_used_by_the_next_call(emulator: Emulator, tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    source = tmp_path / "src" / PACKAGE
    source.mkdir(parents=True)
    (source / "app.py").write_text(HANDLER)
    (source / "words.py").write_text("WORD = 'one'")
    layout.build.mkdir()
    packaged = {f"{PACKAGE}/app.py": "packaged long ago", "library.py": "NAME = 'kept'"}
    layout.lambda_package.write_bytes(zipped(packaged))

    folder = hot_reload_folder(layout)
    assert (folder / "library.py").read_text() == "NAME = 'kept'"
    function = create_function(
        emulator,
        {"S3Bucket": "hot-reload", "S3Key": str(folder)},
        Handler=f"{PACKAGE}.app.handler",
    )
    assert function.invoke().payload == "one"
    (source / "words.py").write_text("WORD = 'two'")
    assert function.invoke().payload == "two"
    emulator.client("lambda").delete_function(FunctionName=function.name)
