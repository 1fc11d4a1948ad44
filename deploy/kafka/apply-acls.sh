#!/bin/sh
# Applies acls.yaml with Kafka's own tool, as an administrator of the brokers. Applying it again changes nothing; it takes nothing away.
#   KAFKA_ACLS=/opt/kafka/bin/kafka-acls.sh deploy/kafka/apply-acls.sh --bootstrap-server HOST:PORT --command-config admin.properties
set -eu
tool=${KAFKA_ACLS:-kafka-acls.sh}
list() { printf '%s' "$1" | tr -d ' ' | tr ',' '\n'; }
sed -n 's/^  - {principal: \([^,]*\), may: \[\([^]]*\)\], \([a-z_]*\): \[\([^]]*\)\]}$/\1|\2|\3|\4/p' "${ACLS:-$(dirname "$0")/acls.yaml}" |
  while IFS='|' read -r principal may kind names; do
    set -- "$@" --
    options="--allow-principal User:$principal"
    for operation in $(list "$may"); do options="$options --operation $operation"; done
    case $kind in
      topics) for name in $(list "$names"); do options="$options --topic $name"; done ;;
      topics_beginning) for name in $(list "$names"); do options="$options --topic $name"; done; options="$options --resource-pattern-type prefixed" ;;
      groups) for name in $(list "$names"); do options="$options --group $name"; done ;;
      cluster) options="$options --cluster" ;;
      *) echo "apply-acls.sh: '$kind' is no kind of thing; mend the rule of $principal" >&2; exit 2 ;;
    esac
    while [ "$1" != "--" ]; do set -- "$@" "$1"; shift; done
    shift
    # shellcheck disable=SC2086  # names and operations hold no spaces
    "$tool" "$@" --add $options < /dev/null
  done
