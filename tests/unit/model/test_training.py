"""The training script runs through all its stages at toy size."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def run_smoke(out: Path, work: Path) -> str:
    command = [sys.executable, "-m", "fixtures.model.train", "--smoke"]
    command += ["--out", str(out), "--work", str(work)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=140
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_smoke_training_writes_a_pipeline_and_resumes_where_it_stopped(tmp_path: Path) -> None:
    out, work = tmp_path / "out", tmp_path / "work"
    first = run_smoke(out, work)
    parts = {path.parent.name for path in out.glob("*/*config.json")}
    assert parts == {"scheduler", "text_encoder", "tokenizer", "unet", "vae"}
    assert "vae: PSNR" in first
    again = run_smoke(out, work)
    assert "vae: PSNR" not in again
    assert "written" in again
    assert str(tmp_path) not in "".join(path.read_text() for path in out.rglob("*.json"))
