{{/* How long records are kept, in milliseconds: redpanda.retention is a number and a unit. */}}
{{- define "elido.retentionMs" -}}
{{- $text := .Values.redpanda.retention -}}
{{- $units := dict "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 -}}
{{- mul (regexFind "^[0-9]+" $text | int64) (get $units (regexFind "[smhd]$" $text)) -}}
{{- end }}

{{/* How many brokers there are. */}}
{{- define "elido.brokers" -}}{{ ternary 3 1 .Values.ha.enabled }}{{- end }}
