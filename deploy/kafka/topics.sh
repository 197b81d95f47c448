#!/usr/bin/env bash
# The topics of production, and who may do what to them. Run it again after every change: it adds what is missing, and takes an
# agency that is named no more its rights. A topic that is there otherwise than asked for is left as it is, and named, and exit 3:
# more partitions would part a household's reports from those before them, and replicas are moved by whoever runs the brokers.
# BOOTSTRAP: host:port; REPLICAS: 3 in production; AGENCIES: ids of those on Kafka; ACLS=1 where the brokers know the services
# by name: `intake`, `classifier`, `escalation`, `operator`, and each agency by its id (KAFKA=tls://intake:password@host:port).
# Such a name is made by: kafka-configs.sh --bootstrap-server HOST:PORT --alter --entity-type users --entity-name intake \
#   --add-config 'SCRAM-SHA-512=[password=…]'
set -euo pipefail
bin=${KAFKA_BIN:-/opt/kafka/bin}
admin=(--bootstrap-server "$BOOTSTRAP" ${COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"})
asked=()

# under OPTION NAME…
under() { local option=$1 name; shift; for name in "$@"; do printf '%s\n%s\n' "$option" "$name"; done; }

# topic NAME PARTITIONS CONFIG…
topic() {
  local configs=("retention.ms=604800000" "min.insync.replicas=$((REPLICAS > 1 ? 2 : 1))" "${@:3}") options part
  mapfile -t options < <(under --config "${configs[@]}")
  "$bin/kafka-topics.sh" "${admin[@]}" --create --if-not-exists --topic "$1" --partitions "$2" \
    --replication-factor "$REPLICAS" "${options[@]}"
  for part in "PartitionCount: $2" "ReplicationFactor: $REPLICAS" "${configs[@]}"; do asked+=("$1 $part"); done
}

for name in reports.received reports.received.urgent reports.classified reports.classified.urgent reports.routed \
  reports.progressed reports.linked reports.amended reports.erased reports.overridden links.disputed \
  files.given reports.dead; do
  topic "$name" "${PARTITIONS:-12}" max.message.bytes=8388608
done
# An agency on Kafka (`kafka = true` in the directory) is told on a topic of its own, which it alone may read.
for agency in ${AGENCIES:-}; do topic "agency.$agency" 1; done

declare -A there
while read -r line; do
  name=${line#Topic: }
  there[${name%%[$'\t ']*}]=" ${line//[$'\t',]/ } "
done < <("$bin/kafka-topics.sh" "${admin[@]}" --describe | grep PartitionCount)
otherwise=0
for one in "${asked[@]}"; do
  is=${there[${one%% *}]-}
  [[ $is != *" ${one#* } "* ]] || continue
  echo "${one%% *}: not ${one#* }, as asked for" >&2
  [ "$is" ] || exit 1
  otherwise=3
done

[ "${ACLS:-0}" = 1 ] || exit "$otherwise"
allow() { "$bin/kafka-acls.sh" "${admin[@]}" "${change:---add}" --force "$@"; }

# writes SERVICE TOPIC…
writes() {
  mapfile -t topics < <(under --topic "${@:2}")
  allow --allow-principal "User:$1" --producer "${topics[@]}"
}

# reads SERVICE TOPIC…: only in groups called after the service
reads() {
  mapfile -t topics < <(under --topic "${@:2}")
  allow --allow-principal "User:$1" --operation Read --operation Describe "${topics[@]}"
  allow --allow-principal "User:$1" --operation Read --group "$1." --resource-pattern-type prefixed
}

writes intake reports.received reports.received.urgent reports.linked reports.amended reports.erased files.given reports.dead
reads intake reports.routed reports.progressed links.disputed
writes classifier reports.classified reports.classified.urgent reports.dead
reads classifier reports.received reports.received.urgent
writes escalation reports.routed reports.progressed reports.overridden links.disputed reports.dead
reads escalation reports.received.urgent reports.classified reports.classified.urgent reports.linked reports.amended \
  reports.erased files.given reports.dead
# Whoever runs `heard dead replay`.
writes operator reports.received reports.received.urgent reports.classified reports.classified.urgent reports.routed \
  reports.progressed reports.linked reports.amended reports.erased reports.overridden links.disputed files.given
reads operator reports.dead
# Each asks at its start whether all topics are there.
allow --allow-principal User:intake --allow-principal User:classifier --allow-principal User:escalation \
  --operation Describe --topic reports. --topic links. --topic files. --resource-pattern-type prefixed
# Intake asks how far the readers have come (docs/decisions/0003-waiting-is-not-lost.md).
allow --allow-principal User:intake --operation Describe --group classifier. --group escalation. --resource-pattern-type prefixed
allow --allow-principal User:escalation --operation Write --operation Describe --topic agency. --resource-pattern-type prefixed
for agency in ${AGENCIES:-}; do reads "$agency" "agency.$agency"; done
for name in "${!there[@]}"; do
  agency=${name#agency.}
  [[ $name != agency.* || " ${AGENCIES:-} " == *" $agency "* ]] || change=--remove reads "$agency" "$name"
done
exit "$otherwise"
