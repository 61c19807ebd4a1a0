#!/bin/sh
# Pulls one sealed release in every format into a folder, and says what it got.
#
#   JOL_URL=https://jol.example.org docs/examples/pull.sh KZ-2026Q1-final folder <token
#
# The token of an account that may read indicators comes on standard input, so that it is
# neither in the list of processes nor in the history of the shell. A second run in the
# same folder replaces the files; what is sealed has not changed.
set -eu
[ $# -eq 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
: "${JOL_URL:?the address of the service, without /api/v1}"
JOL_URL=${JOL_URL%/} # an address may end in a slash
release=$1 folder=$2
IFS= read -r token || [ -n "$token" ]
mkdir -p "$folder"

member() { # name, file: a member of the problem in it
  grep -oE "\"$1\" *: *\"[^\"]*\"" "$2" 2>/dev/null | head -n 1 | sed 's/.*: *"\(.*\)"/\1/'
}

refused() { # file: says the title and the code of the service's problem, and nothing else of it
  title=$(member title "$folder/$1.part") code=$(member code "$folder/$1.part")
  [ -z "$code" ] || echo "$1: $title ($code)" >&2 # else curl has said all there is
  rm -f "$folder/$1.part"
  exit 1
}

fetch() { # path, media type, file
  rm -f "$folder/$3.part" # of a run that failed
  printf 'header = "Authorization: Bearer %s"\n' "$token" |
    curl --config - --fail-with-body --silent --show-error --retry 3 \
      --header "Accept: $2" --header "Accept-Language: ${JOL_LANGUAGE:-en}" \
      --output "$folder/$3.part" "$JOL_URL/api/v1/releases/$release$1" || refused "$3"
  mv "$folder/$3.part" "$folder/$3" # a file that is there is whole
  printf '%8d  %s\n' "$(wc -c <"$folder/$3")" "$3"
}

fetch ""                        application/json release.json
fetch /exports/csv              "*/*"            release.csv
fetch /exports/xlsx             "*/*"            release.xlsx
fetch /exports/dhis2-metadata   application/json dhis2-metadata.json
fetch /exports/dhis2            application/json dhis2.json
fetch /exports/fhir             "*/*"            fhir.json
fetch /report                   text/html        report.html
fetch /worksheets/tdi           application/json worksheet-tdi.json
fetch /worksheets/unodc         application/json worksheet-unodc.json
fetch /tables/TDI01.total.svg   image/svg+xml    entrants.svg
