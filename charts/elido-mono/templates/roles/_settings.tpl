{{/*
The settings of the executable, by role, as config/elido.default.toml has them. Each role gets what it needs and no secret of another;
secrets are files of the volume "secrets".
*/}}

{{- define "elido.settings" -}}
{{- $settings := include "elido.settings.common" .root | fromYaml -}}
{{- $settings = mergeOverwrite $settings (include (printf "elido.settings.%s" .component) .root | fromYaml) -}}
{{- $settings = mergeOverwrite $settings (get .root.Values .component).extraConfig -}}
{{- include "elido.toml" (dict "path" "" "values" $settings) | trim -}}
{{- end }}

{{- define "elido.settings.common" -}}
data_folder: /var/lib/elido
internal: {listen: {{ include "elido.listen" (dict "root" . "port" 8081) | quote }}}
links: {default_domain_url: {{ printf "https://%s" (first (.Values.ingress.hosts.redirect | default (list ""))) | quote }}}
log: {format: json}
startup: {wait_seconds: 86400}
shutdown: {balancer_wait_ms: 5000, drain_seconds: 45}
{{- if include "elido.hasCache" . }}
cache: {url_file: /etc/elido/secrets/cache-url}
{{- end }}
bus:
  replication: {{ ternary 3 1 .Values.ha.enabled }}
  {{- if include "elido.quiet" . }}
  # Clicks on a copy reach nobody, whosever bus the values name.
  url: kafka://nobody.invalid:9092
  {{- else if not .Values.external.kafka.secretName }}
  url: kafka://redpanda:9092
  {{- end }}
{{- end }}

{{- define "elido.settings.edge" -}}
edge:
  listen: {{ include "elido.listen" (dict "root" . "port" 8080) | quote }}
  trusted_proxy_hops: 1
  journal: {bytes_max: {{ int64 .Values.edge.journal.bytesMax }}, hand_over: {{ .Values.edge.journal.handOver }}}
{{- if .Values.edge.journal.handOver }}
{{ include "elido.settings.objects" . }}
{{- end }}
grpc:
  origin_url: {{ .Values.origin.url | default (printf "https://api-core-pods.%s.svc:50051" .Release.Namespace) | quote }}
  origin_ca_file: /etc/elido/secrets/grpc-ca.crt
  origin_certificate_file: /etc/elido/secrets/grpc-client.crt
  origin_key_file: /etc/elido/secrets/grpc-client.key
{{- end }}

{{/* What every role but the edge needs: the source of truth and the click store. */}}
{{- define "elido.settings.stores" -}}
database: {url_file: /etc/elido/secrets/database-url}
click_store:
  url_file: /etc/elido/secrets/click-store-url
  {{- if include "elido.has" (dict "root" . "component" "keeper") }}
  cluster: elido
  {{- end }}
{{- end }}

{{/* Where files are, for those who keep or hand over any. */}}
{{- define "elido.settings.objects" -}}
objects:
  secret_access_key_file: /etc/elido/secrets/objects-secret-key
  {{- if include "elido.quiet" . }}
  # Nor does a copy change the files of the one that serves.
  url: s3://nobody
  endpoint: http://nobody.invalid:9000
  {{- else if not .Values.external.s3.secretName }}
  url: s3://{{ .Values.minio.bucket }}
  endpoint: http://minio:9000
  public_endpoint: {{ printf "https://%s" .Values.ingress.hosts.dashboard | quote }}
  {{- end }}
{{- end }}

{{/* What api and workers share. */}}
{{- define "elido.settings.control" -}}
{{ include "elido.settings.stores" . }}
api:
  public_url: {{ printf "https://%s" .Values.ingress.hosts.dashboard | quote }}
identity:
  sealing_key_file: /etc/elido/secrets/sealing-key
  {{- if eq .Values.identity.provider "ory" }}
  kratos: {public_url: "http://kratos:4433"}
  {{- end }}
audit: {signing_key_file: /etc/elido/secrets/audit-signing-key}
mail:
  from: {{ .Values.mail.from | quote }}
  {{- if include "elido.hasMail" . }}
  url_file: /etc/elido/secrets/mail-url
  {{- end }}
{{ include "elido.settings.objects" . }}
{{- end }}

{{- define "elido.settings.api" -}}
{{- $control := include "elido.settings.control" . | fromYaml -}}
{{- $own := include "elido.settings.apiListeners" . | fromYaml -}}
{{- mergeOverwrite $control $own | toYaml -}}
{{- end }}

{{- define "elido.settings.apiListeners" -}}
api:
  listen: {{ include "elido.listen" (dict "root" . "port" 8090) | quote }}
  trusted_proxy_hops: 1
grpc:
  listen: {{ include "elido.listen" (dict "root" . "port" 50051) | quote }}
  tls_certificate_file: /etc/elido/secrets/grpc-server.crt
  tls_key_file: /etc/elido/secrets/grpc-server.key
  tls_client_ca_file: /etc/elido/secrets/grpc-ca.crt
{{- end }}

{{- define "elido.settings.ingester" -}}
{{ include "elido.settings.stores" . }}
{{- end }}

{{- define "elido.settings.workers" -}}
{{ include "elido.settings.control" . }}
{{- end }}

{{/* A quiet release, which is a copy, writes to nobody, and shares nothing with the one that serves. */}}
{{- define "elido.hasMail" -}}
{{- if and .Values.mail.secretName (not (include "elido.quiet" .)) }}true{{ end -}}
{{- end }}

{{/* "true" if there is a Redis to share links in. */}}
{{- define "elido.hasCache" -}}
{{- if or (and .Values.external.redis.secretName (not (include "elido.quiet" .))) (include "elido.has" (dict "root" . "component" "redis")) }}true{{ end -}}
{{- end }}

{{/* TOML: {path, values}. Scalars of a table come before the tables within it. */}}
{{- define "elido.toml" -}}
{{- range $key, $value := .values }}
{{- if not (kindIs "map" $value) }}
{{ $key }} = {{ include "elido.tomlValue" $value }}
{{- end }}
{{- end }}
{{- range $key, $value := .values }}
{{- if kindIs "map" $value }}
{{- $path := ternary $key (printf "%s.%s" $.path $key) (eq $.path "") }}

[{{ $path }}]
{{- include "elido.toml" (dict "path" $path "values" $value) }}
{{- end }}
{{- end }}
{{- end }}

{{/* YAML has no whole numbers by the time that templates see them. */}}
{{- define "elido.tomlValue" -}}
{{- if kindIs "float64" . }}{{ ternary (int64 .) . (eq (float64 (int64 .)) .) }}{{ else }}{{ toJson . }}{{ end -}}
{{- end }}
