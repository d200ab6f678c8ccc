# shellcheck shell=bash
# Sourced by run and test: finds what a build needs, installs it on Debian, and builds. Not a command of its own.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc 2>/dev/null || echo 2)

# shellcheck disable=SC2034
build_packages="gcc libc6-dev make cmake pkg-config binutils lua5.4 liblua5.4-dev libopenblas-dev libjansson-dev zlib1g-dev libedit2"
# shellcheck disable=SC2034
test_packages="lua-busted libcmocka-dev valgrind tmux python3 locales libcairo2"

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# need PACKAGE…: installs what is missing, by apt, with sudo where needed.
need() {
  local missing="" package
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    [ -e "$top/build/.packages-told" ] && return 0
    mkdir -p "$top/build" && touch "$top/build/.packages-told"
    echo "This is no Debian machine: Moth needs what Debian calls: $*" >&2
    return 0
  fi
  for package in "$@"; do installed "$package" || missing="$missing $package"; done
  [ -z "$missing" ] && return 0
  local sudo=""
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Please install, as root: apt-get install$missing" >&2; exit 1; }
    sudo=sudo
  fi
  echo "Installing$missing" >&2
  # shellcheck disable=SC2086
  { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >"${TMPDIR:-/tmp}/moth-apt.log" 2>&1 ||
    { cat "${TMPDIR:-/tmp}/moth-apt.log" >&2; exit 1; }
}

# build FOLDER [CMAKE OPTION…]: configures once (again when the options change) and builds what changed; quiet unless it fails. With
# `as_it_is` set a folder that is configured already keeps its options; `target` names targets, by default all.
build() {
  local folder=$top/$1 log
  shift
  [ -z "${CI-}" ] || set -- "$@" -DMOTH_WERROR=ON
  mkdir -p "$folder"
  log=$folder/build.log
  if [ ! -e "$folder/Makefile" ] || { [ -z "${as_it_is-}" ] && [ "$(cat "$folder/.options" 2>/dev/null)" != "$*" ]; }; then
    echo "Building Moth into ${folder#"$top"/}/, which takes a minute or two" >&2
    cmake -S "$top" -B "$folder" -G "Unix Makefiles" "$@" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
    echo "$*" >"$folder/.options"
  fi
  cmake --build "$folder" --parallel "$jobs" ${target:+--target $target} >"$log" 2>&1 || { grep -E 'error|Error|warning' -A 4 "$log" >&2 || tail -40 "$log" >&2; exit 1; }
}
