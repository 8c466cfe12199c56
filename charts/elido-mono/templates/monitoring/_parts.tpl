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

{{/* The ports of pods that have metrics, by their names, and where the metrics are there. */}}
{{- define "elido.monitoring.ports" -}}
internal: {port: 8081, path: /metrics}
patroni: {port: 8008, path: /metrics}
exporter: {port: 9187, path: /metrics}
metrics: {port: 9180, path: /metrics}
admin: {port: 9644, path: /public_metrics}
s3: {port: 9000, path: /minio/v2/metrics/cluster}
{{- end }}
