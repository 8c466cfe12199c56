{{/* What Prometheus reads of this release. */}}

{{/* "true" where the operator of Prometheus is, or is said to be. */}}
{{- define "elido.monitoring.crds" -}}
{{- $said := toString .Values.monitoring.prometheus.crds -}}
{{- $found := .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" -}}
{{- if and .Values.monitoring.prometheus.enabled (or (eq $said "true") (and (eq $said "auto") $found)) }}true{{ end -}}
{{- end }}

{{/* "true" where the release brings a Prometheus of its own. */}}
{{- define "elido.monitoring.prometheus" -}}
{{- $prometheus := .Values.monitoring.prometheus -}}
{{- if and $prometheus.enabled $prometheus.install (not (include "elido.quiet" .)) }}true{{ end -}}
{{- end }}

{{/* "true" where it brings a Grafana: for that Prometheus alone. */}}
{{- define "elido.monitoring.grafana" -}}
{{- if and .Values.monitoring.grafana.enabled (include "elido.monitoring.prometheus" .) }}true{{ end -}}
{{- end }}

{{/* The ports of this release's pods that have metrics, by their names, and where the metrics are there. */}}
{{- define "elido.monitoring.ports" -}}
{{- $ports := dict
  "internal" (list 8081 "/metrics" (list "edge" "api" "ingester" "workers"))
  "patroni" (list 8008 "/metrics" (list "postgres"))
  "exporter" (list 9187 "/metrics" (list "postgres" "redis"))
  "metrics" (list 9180 "/metrics" (list "caddy" "clickhouse"))
  "admin" (list 9644 "/public_metrics" (list "redpanda"))
  "s3" (list 9000 "/minio/v2/metrics/cluster" (list "minio"))
-}}
{{- range $name, $facts := $ports }}
{{- $has := and (eq $name "metrics") (include "elido.backup.kinds" $ | fromJsonArray) }}
{{- range last $facts }}{{ if include "elido.has" (dict "root" $ "component" .) }}{{ $has = true }}{{ end }}{{ end }}
{{- if $has }}
{{ $name }}: {port: {{ index $facts 0 }}, path: {{ index $facts 1 }}}
{{- end }}
{{- end }}
{{- end }}
