#!/usr/bin/env bash
# What the tests need of the machine: named where it is missing, and installed where Debian has it and we are root.
set -euo pipefail

declare -A package=([java]=openjdk-17-jre-headless [mvn]=maven [chromium-headless-shell]=chromium-headless-shell [faketime]=faketime)
missing=()
for program in "${!package[@]}"; do
  command -v "$program" >/dev/null || missing+=("$program")
done
if command -v java >/dev/null; then
  version=$(java -XshowSettings:properties -version 2>&1 | sed -n 's/.*java\.specification\.version = \([0-9]*\).*/\1/p')
  if [ "${version:-0}" -lt 17 ]; then
    echo "java is older than 17, which Kafka needs: put a newer one first on PATH (Debian: ${package[java]}), then try again." >&2
    exit 1
  fi
fi
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  for program in "${missing[@]}"; do
    echo "$program is missing: install it (Debian: ${package[$program]}), then try again." >&2
  done
  exit 1
fi

echo "Installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
for program in "${missing[@]}"; do
  apt-get install -y -qq --no-install-recommends "${package[$program]}" >/dev/null ||
    { echo "$program is missing, and Debian's ${package[$program]} could not be installed." >&2; exit 1; }
done
