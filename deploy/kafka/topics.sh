#!/usr/bin/env bash
# The topics of production, and who may do what to them. Run it again after every change: it adds what is missing.
# BOOTSTRAP: host:port; REPLICAS: 3 in production; ACLS=1 where the brokers know the services by name (mTLS or SASL).
set -euo pipefail
bin=${KAFKA_BIN:-/opt/kafka/bin}
admin=(--bootstrap-server "$BOOTSTRAP" ${COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"})
week=604800000

for topic in reports.received reports.received.urgent reports.classified reports.classified.urgent reports.routed reports.dead; do
  "$bin/kafka-topics.sh" "${admin[@]}" --create --if-not-exists --topic "$topic" --partitions "${PARTITIONS:-12}" \
    --replication-factor "$REPLICAS" --config "retention.ms=$week" --config max.message.bytes=8388608 \
    --config "min.insync.replicas=$((REPLICAS > 1 ? 2 : 1))"
done

[ "${ACLS:-0}" = 1 ] || exit 0
allow() { "$bin/kafka-acls.sh" "${admin[@]}" --add --force "$@"; }
writes() { service=$1; shift; for topic in "$@"; do allow --allow-principal "User:$service" --producer --idempotent --topic "$topic"; done; }
reads() { service=$1; group=$2; shift 2; for topic in "$@"; do
  allow --allow-principal "User:$service" --consumer --topic "$topic" --group "$group" --resource-pattern-type prefixed; done; }

writes intake reports.received reports.dead
reads intake intake. reports.routed
writes classifier reports.classified reports.dead
reads classifier classifier. reports.received
writes escalation reports.routed reports.dead
reads escalation escalation. reports.received reports.classified reports.dead
# Intake asks how far the readers have come (docs/decisions/0003-waiting-is-not-lost.md).
allow --allow-principal User:intake --operation Describe --group classifier. --group escalation. --resource-pattern-type prefixed
allow --allow-principal User:intake --operation Describe --topic reports. --resource-pattern-type prefixed
