"""Redaction removes all secrets and keeps the rest."""

from __future__ import annotations

import base64
import random
import shlex
import string
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scratchlab.notebook.activity import redact

SECRET = "hunter2Zz"
FLAGS = ("--api-key", "--token", "-token", "--password", "--hf_token", "--secret", "--db-passwd", "--auth", "--aws-secret-access-key", "-p")
NAMES = ("API_KEY", "WANDB_API_KEY", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "githubToken", "model.auth.token", "SECRET2")

HIDING = [
    ["x", "--api-key", SECRET],
    ["x", f"--token={SECRET}"],
    ["x", "-p", SECRET],
    ["mysql", f"-p{SECRET}"],
    ["x", f"https://u:{SECRET}@h/x"],
    ["x", f"--dsn=postgres://u:{SECRET}/a@{SECRET}@h/db"],
    ["git", "clone", f"https://{SECRET}@example.org/a/b"],
    ["curl", f"https://h/x?a=1&token={SECRET}&sig={SECRET}#x"],
    ["env", f"API_KEY={SECRET}", "python", "x.py"],
    ["curl", "-H", f"Authorization: Bearer {SECRET}", "h"],
    ["curl", f"--header=X-Api-Key: {SECRET}"],
    ["curl", "-u", f"sam:{SECRET}"],
    ["sh", "-c", f"cd x && WANDB_API_KEY={SECRET} python x.py --password {SECRET} -p {SECRET} && mysql --password='{SECRET}'"],
    ["python", "-c", f'wandb.login(key=\'{SECRET}\'); d = {{"api_key": "{SECRET}"}}'],
    ["line", "--env", f'{{"HF_TOKEN": "{SECRET}", "A": "b"}}'],
    ["aws", "configure", "set", "aws_secret_access_key", SECRET],
    ["wandb", "login", SECRET],
    ["openssl", "-passin", f"pass:{SECRET}"],
    [f"ray::train --token {SECRET}"],
    ["mysql", "--pw", SECRET],
    ["sudo", "mysqldump", "-u", "root", f"-p{SECRET}", "db"],
    ["sshpass", f"-p{SECRET}", "ssh", "h"],
    ["curl", f"-uu:{SECRET}", "h"],
    ["curl", f"-sSuu:{SECRET}", "h"],
    ["curl", f"--user=u:{SECRET}", "h"],
    ["curl", "-E", f"cert.pem:{SECRET}"],
    ["curl", "-x", f"u:{SECRET}@proxy:80"],
    ["curl", "-b", f"session={SECRET}"],
    ["curl", "-d", f"grant_type=x&client_secret={SECRET}"],
    ["zip", "-P", SECRET, "a.zip", "x"],
    ["zip", f"-P{SECRET}", "a.zip"],
    ["rar", f"-hp{SECRET}", "a"],
    ["openssl", "enc", "-aes-256-cbc", "-k", SECRET, "-in", "x"],
    ["openssl", "passwd", "-1", SECRET],
    ["ldapsearch", "-w", SECRET, "-D", "cn=x"],
    ["redis-cli", f"-a{SECRET}"],
    ["keytool", "-storepass", SECRET],
    ["keytool", f"-keypass:{SECRET}"],
    ["ssh-keygen", "-N", SECRET],
    ["smbclient", "//h/s", "-U", f"me%{SECRET}"],
    ["lftp", "-u", f"u,{SECRET}", "h"],
    ["xfreerdp", "/v:h", f"/p:{SECRET}"],
    ["htpasswd", "-b", "f", "u", SECRET],
    ["rclone", "obscure", SECRET],
    ["wandb", "login", "--relogin", SECRET],
    ["wandb", "login", "--host=https://x", SECRET],
    ["huggingface-cli", "login", "--token", SECRET],
    ["docker", "login", "-u", "me", "-p", SECRET, "registry"],
    ["docker", "login", f"-p{SECRET}"],
    ["docker", "run", f"-eHF_TOKEN={SECRET}", "image"],
    ["kubectl", "create", "secret", "generic", "x", f"--from-literal=k={SECRET}"],
    ["npm", "config", "set", "//registry.npmjs.org/:_authToken", SECRET],
    ["poetry", "config", "http-basic.x", "me", SECRET],
    ["psql", f"postgresql://me:{SECRET}@h/db"],
    ["psql", f"host=h user=u password='{SECRET}'"],
    ["x", f"Server=h;User Id=sa;Password={SECRET};"],
    ["x", f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={SECRET};E=x"],
    ["helm", "--set", f"a=1,auth.password={SECRET},b=2"],
    ["curl", "-H", f"PRIVATE-TOKEN: {SECRET}"],
    ["curl", "-H", f"authorization: token {SECRET}"],
    ["env", f"X_KEY={SECRET}", "run"],
    ["env", f"TOKEN_HF={SECRET}", "run"],
    ["env", f"PASSWORD_DB={SECRET}", "run"],
    ["env", f"SECRET_KEY_BASE={SECRET}", "run"],
    ["x", f"--api_key={SECRET}"],
    ["x", "--api-key=", SECRET],
    ["x", "token:", SECRET],
    ["x", "token", "=", SECRET],
    ["x", f"..token={SECRET}"],
    ["x", f"1.token={SECRET}"],
    ["bash", "-lc", f"export X_KEY={SECRET} && python x.py"],
    ["sh", "-c", f'TOKEN="a {SECRET}" x'],
    ["sh", "-c", f'TOKEN="a {SECRET}'],
    ["sh", "-c", f"export TOKEN=a\\ {SECRET}"],
    ["sh", "-c", f"TOKEN=ab,{SECRET} x"],
    ["sh", "-c", f"TOKEN=ab'{SECRET}' x"],
    ["sh", "-c", f"mysql -uroot -p{SECRET} db"],
    ["sh", "-c", f"curl -ume:{SECRET} h; zip -P {SECRET} a"],
    ["zip", "-rP", SECRET, "a.zip", "a"],
    ["unzip", "-oP", SECRET, "a.zip"],
    ["sshpass", "-vp", SECRET, "ssh", "h"],
    ["ssh-keygen", "-qN", SECRET],
    ["ldapsearch", "-xw", SECRET],
    ["curl", "-sb", f"sid={SECRET}", "h"],
    ["curl", f"--proxy-user=b:{SECRET}", "h"],
    ["smbclient", f"-Ubob%{SECRET}", "//h/s"],
    ["sqlplus", "-S", f"bob/{SECRET}@db"],
    ["http", "-a", f"bob:{SECRET}", "h"],
    ["serve", "--dbpass", SECRET],
    ["redis-cli", "AUTH", SECRET],
    ["redis-cli", "auth", SECRET],
    ["git", "config", "user.password", SECRET],
    ["dvc", "remote", "modify", "r", "password", SECRET],
    ["dvc", "remote", "modify", "--local", "r", "password", SECRET],
    ["sqlplus", "-S", "-L", f"bob/{SECRET}@db"],
    ["smbclient", f"-NUbob%{SECRET}", "//h/s"],
    ["sh", "-c", f"echo b:{SECRET} | chpasswd"],
    ["sh", "-c", f"gh auth login --with-token <<< {SECRET}"],
    ["sh", "-c", f"x=`zip -P {SECRET} a`"],
    ["sh", "-c", f"curl -u bob:a\\ {SECRET} h"],
    ["bash", "-c", f'ssh h "mysql -uroot -p{SECRET} db"'],
    ["bash", "-c", f"ssh h \"bash -c 'wandb login {SECRET}'\""],
    ["sh", "-c", f"sshpass -p{SECRET} ssh h"],
    ["sh", "-c", f"wandb login {SECRET} && python x"],
    ["sh", "-c", f"echo {SECRET} | sudo -S ls"],
    ["sh", "-c", f"echo '{SECRET}' | docker login --password-stdin"],
    ["sh", "-c", f'python -c "d = {{\\"token\\": \\"{SECRET}\\"}}"'],
    ["python", "-c", f'import os; os.environ["TOKEN"]="{SECRET}"'],
    ["python", "-c", f"os.environ['HF_TOKEN'] = '{SECRET}'; x = 1"],
    ["python", "-c", f"os.environ.setdefault('HF_TOKEN', '{SECRET}')"],
    ["python", "-c", f"os.putenv('TOKEN','{SECRET}')"],
    ["sh", "-c", f"키를 설정 export OPENAI_API_KEY={SECRET} 하고 실행"],
    ["sh", "-c", f"设置密码 {SECRET}，然后运行"],
    ["sh", "-c", f"비밀번호는 {SECRET}"],
    ["sh", "-c", f"密码：{SECRET}"],
    ["sh", "-c", f"token：{SECRET}"],
    ["x", f"密码={SECRET}"],
    ["x", "--암호", SECRET],
]
KEPT = [
    "python train.py --lr 3e-4 --max-tokens 512 --tokenizer gpt2 --pad-token x data.key=label --sort-key date",
    "torchrun --nproc-per-node=2 --master-port 29500 train.py",
    "python train.py --exp lr1e-3_bs64_wd5e-4_e100_seed3 --out runs/digits-1a2b3c4d/checkpoint.safetensors",
    "git checkout 20565a4f0c2b3d4e5f60718293a4b5c6d7e8f901",
    "mlflow run --run-id 0123456789abcdef0123456789abcdef",
    "python eval.py /home/sam/mlruns/0/0123456789abcdef0123456789abcdef/artifacts/model.pt",
    "python a.py --ckpt /data/Kinetics400/ResNet50FewShot2026/best_model_epoch_100.pth hydra.run.dir=outputs/2026-03-09/12-01-33",
    f"docker run -p 8080:80 image@sha256:{'ab12' * 16}",
    "python t.py --resume 550e8400-e29b-41d4-a716-446655440000 --pass 2 --n-pass 3".replace("--pass 2 ", ""),
    "python MobileNetV3SmallTrainer.py --cfg configs/ViTB16_ImageNet21k_384.yaml",
    "accelerate launch run_clm.py --model meta-llama/Llama-3.2-1B-Instruct --dataset HuggingFaceFW/fineweb-edu-score-2",
    "python -c 'import torch; x = torch.nn.Linear(2, 3); print(x)'",
    "python train.py seed=1 optimizer=adam,sgd lr=1e-3,1e-4 +trainer.max_epochs=100",
    "python /opt/x_20260309T120133Z-0001.py s3://bucket/exp/2026-03-09T12:01:33/run-1a2b3c4d",
    "rsync -avz sam@gpu1:/data/x ssh://sam@gpu1/y .",
    "docker run -p8080:80 --rm image:1.2@sha256:" + "ab12" * 16,
    "python train.py -P 3 -k 5 -w 2 -a 1 -N 10 -b 32 --token-dim 512",
    "sh -c 'zip -r a.zip runs; python x.py -P 3'",
    'python -c \'tokens = ["pad_token", "eos"]; x["a"] = 1\'',
    "echo 토큰 수 4096 그리고 비밀번호 설정",
]
TOKENS = [
    "sk-abcdefghijklmnop1234",
    "sk-proj-Ab12_Cd34-Ef56Gh78",
    "hf_abcdefghijklmnop",
    "ghp_0123456789abcdefghij",
    "github_pat_11ABCDEFG0_abcdef",
    "glpat-abcdefghij-1234567",
    "AKIAIOSFODNN7EXAMPLE",
    "xoxb-123456789012-abcdef",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def_123",
    "npm_abcdefghijklmnopqrstuvwxyz0123456789",
    "wandb_v1_abcdefghijklmnop",
]


@pytest.mark.parametrize("argv", HIDING, ids=lambda argv: " ".join(argv)[:40])
def test_secrets_are_removed_and_the_command_is_kept(argv: list[str]) -> None:
    shown = redact.command(argv)
    assert SECRET not in shown
    assert redact.MASK in shown
    assert shown.startswith(shlex.quote(argv[0]) if len(argv) > 1 else "'ray::train --token")
    assert redact.command(shlex.split(shown)) == shown, "redacted twice is redacted once"


@pytest.mark.parametrize("command", KEPT)
def test_other_words_are_kept(command: str) -> None:
    argv = shlex.split(command)
    assert redact.command(argv) == shlex.join(argv)


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("around", ["{}", "x={}", "/data/{}/x", "https://h/{}", "a,{},b", "'{}'"])
def test_known_tokens_are_removed_anywhere(token: str, around: str) -> None:
    word = around.format(token)
    assert token not in redact.command(["python", "t.py", word])
    assert token not in redact.text(f"loss 0.1 {word} end")
    assert token not in redact.path(word)


def test_numbers_may_be_passwords_of_some_programs() -> None:
    assert redact.command(["sshpass", "-p", "1234", "ssh", "h"]) == "sshpass -p REDACTED ssh h"
    assert redact.command(["serve", "-p", "8080"]) == "serve -p 8080"


values = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=6, max_size=40)


def hidden(value: str) -> bool:
    """Whether a value can be looked for: it must not stand in what the command keeps anyway, nor look like a flag of its own."""
    rest = "python train.py --lr 3e-4 " + " ".join((*FLAGS, *NAMES, "https://u:@h/x?token=&a=1", redact.MASK, "Authorization: Bearer"))
    return value.strip() == value and value not in rest and not value.startswith("--")


@given(value=values, flag=st.sampled_from(FLAGS), name=st.sampled_from(NAMES))
def test_values_of_secrets_are_removed_anywhere(value: str, flag: str, name: str) -> None:
    assume(hidden(value) and not (flag == "-p" and set(value) <= set(string.digits + ".:")))
    argv = ["python", "train.py", flag, value, "--lr", "3e-4", f"{name}={value}", "-H", f"Authorization: Bearer {value}"]
    argv += [f"{flag}={value}"] if flag != "-p" else []
    shown = redact.command(argv)
    assert value not in shown
    assert shlex.quote(value) not in shown
    assert shlex.split(shown)[:3] == ["python", "train.py", flag]
    assert "--lr 3e-4" in shown


@given(value=st.text(string.ascii_letters + string.digits + "!$%^*()_+-.~", min_size=6, max_size=30))
def test_passwords_in_urls_are_removed(value: str) -> None:
    assume(hidden(value))
    shown = redact.command(["x", f"https://sam:{value}@host/path", f"https://host/path?a=1&access_token={value}"])
    assert value not in shown
    assert "host/path" in shown


@given(st.lists(st.text(max_size=30), max_size=6))
def test_redaction_is_idempotent_for_any_words(argv: list[str]) -> None:
    shown = redact.command(argv)
    assert redact.command(shlex.split(shown)) == shown


def test_random_words_are_removed() -> None:
    """Of a thousand keys each, how many get through: few, and no hexadecimal one. (Those of 40 digits are commits', and stay.)"""
    dice = random.Random(0)
    base62 = string.ascii_letters + string.digits
    kinds = {
        "hexadecimal": (lambda: dice.randbytes(16).hex(), 0),
        "base64 of an address": (lambda: base64.urlsafe_b64encode(dice.randbytes(32)).decode().rstrip("="), 10),
        "base64": (lambda: base64.b64encode(dice.randbytes(30)).decode(), 20),
        "letters and digits": (lambda: "".join(dice.choices(base62, k=32)), 20),
    }
    for name, (draw, most) in kinds.items():
        keys = [draw() for _ in range(1000)]
        assert sum(key in redact.command(["python", "t.py", key]) for key in keys) <= most, name


ENDLESS = [
    *(
        "a",
        "1",
        " ",
        "a.",
        "a=",
        "a:",
        "a a=",
        "1 ",
        '"',
        "'",
        '\\"',
        "a,",
        "-a ",
        "token",
        "token ",
        "--token ",
        "--token --token=",
        "-p 1.1 ",
    ),
    *("://", "a://a:", "a://a@", "a:b@", "x-", "x-a-", "cookie ", "bearer ", "eyJ-", "eyJaaaaaaaa-", "?a=", "密码 ", "token '", "echo a "),
    *('token "\\"', "`", "\\ "),
    *("echo |", "zip -P", "-hp", "curl -u", "a/", "a1B2", "-----BEGIN PRIVATE KEY-----"),
]


@pytest.mark.parametrize("unit", ENDLESS)
def test_the_time_is_linear_in_the_length(unit: str) -> None:
    """100 kB take half a second; quadratic time would take a minute."""
    word = (unit * 100_000)[:100_000]
    begun = time.process_time()
    redact.text(f"{word}!")
    redact.command([word])
    redact.command(word.split())
    redact.path(word)
    assert time.process_time() - begun < 15


def test_a_long_command_is_cut_after_redaction() -> None:
    shown = redact.command(["x", *["--lr"] * 1000, f"--token={SECRET}"])
    assert len(shown) <= redact.LONGEST + 2
    assert SECRET not in redact.command(["x", "y" * (redact.LONGEST - 12), "--token", SECRET])
