#!/usr/bin/env bash
# Everything CI checks besides the tests. Changes nothing, runs every check, fails if any failed.
set -u
cd "$(dirname "$0")/.."
export KONTINGENT_DEMO=yes KONTINGENT_POOL=no
bin=.venv/bin
failed=()
check() {
  local name=$1; shift
  printf '%-12s ' "$name"
  if output=$("$@" 2>&1); then echo ok; else echo FAILED; echo "$output"; failed+=("$name"); fi
}
check format $bin/ruff format --check .
check lint $bin/ruff check .
check types $bin/mypy .
check imports $bin/lint-imports
check migrations $bin/python -W "ignore::RuntimeWarning" manage.py makemigrations --check --dry-run
check lock $bin/python -m tools.lock_is_current
check docs $bin/python -m tools.generate_docs --check
if [ ${#failed[@]} -gt 0 ]; then echo "failed: ${failed[*]}"; exit 1; fi
