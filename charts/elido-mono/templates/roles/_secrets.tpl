{{/* The files of a role's volume "secrets", and the variables that come from Secrets, because the setting takes no file. */}}

{{- define "elido.secretFile" -}}
- secret:
    name: {{ .name }}
    items:
      {{- range $key, $path := .items }}
      - {key: {{ $key }}, path: {{ $path }}}
      {{- end }}
{{- end }}

{{- define "elido.secretFiles.cache" -}}
{{- if and .Values.external.redis.secretName (not (include "elido.quiet" .)) }}
{{ include "elido.secretFile" (dict "name" .Values.external.redis.secretName "items" (dict "url" "cache-url")) }}
{{- else if include "elido.hasCache" . }}
{{ include "elido.secretFile" (dict "name" .Values.secrets.existing.redis "items" (dict (ternary "cluster-url" "url" .Values.ha.enabled) "cache-url")) }}
{{- end }}
{{- end }}

{{- define "elido.secretFiles.stores" -}}
{{ include "elido.secretFile" (dict "name" (.Values.external.postgres.secretName | default .Values.secrets.existing.postgres) "items" (dict "url" "database-url")) }}
{{ include "elido.secretFile" (dict "name" (.Values.external.clickhouse.secretName | default .Values.secrets.existing.clickhouse) "items" (dict "url" "click-store-url")) }}
{{- end }}

{{/* The Secret with the keys of the object storage. A copy has none but its own. */}}
{{- define "elido.objectsSecret" -}}
{{- $own := .Values.secrets.existing.minio -}}
{{- if include "elido.quiet" . }}{{ $own }}{{ else }}{{ .Values.external.s3.secretName | default $own }}{{ end -}}
{{- end }}

{{- define "elido.secretFiles.control" -}}
{{ include "elido.secretFile" (dict "name" .Values.secrets.existing.keys "items" (dict "sealing-key" "sealing-key" "audit-signing-key" "audit-signing-key")) }}
{{ include "elido.secretFile" (dict "name" (include "elido.objectsSecret" .) "items" (dict "secret-key" "objects-secret-key")) }}
{{- if include "elido.hasMail" . }}
{{ include "elido.secretFile" (dict "name" .Values.mail.secretName "items" (dict "url" "mail-url")) }}
{{- end }}
{{- end }}

{{- define "elido.secretFiles.edge" -}}
{{ include "elido.secretFiles.cache" . }}
{{ include "elido.secretFile" (dict "name" .Values.secrets.existing.grpc "items" (dict "ca.crt" "grpc-ca.crt" "client.crt" "grpc-client.crt" "client.key" "grpc-client.key")) }}
{{- if .Values.edge.journal.handOver }}
{{ include "elido.secretFile" (dict "name" (include "elido.objectsSecret" .) "items" (dict "secret-key" "objects-secret-key")) }}
{{- end }}
{{- end }}

{{- define "elido.secretFiles.api" -}}
{{ include "elido.secretFiles.cache" . }}
{{ include "elido.secretFiles.stores" . }}
{{ include "elido.secretFiles.control" . }}
{{ include "elido.secretFile" (dict "name" .Values.secrets.existing.grpc "items" (dict "ca.crt" "grpc-ca.crt" "server.crt" "grpc-server.crt" "server.key" "grpc-server.key")) }}
{{- end }}

{{- define "elido.secretFiles.ingester" -}}
{{ include "elido.secretFiles.cache" . }}
{{ include "elido.secretFiles.stores" . }}
{{- end }}

{{- define "elido.secretFiles.workers" -}}
{{ include "elido.secretFiles.cache" . }}
{{ include "elido.secretFiles.stores" . }}
{{ include "elido.secretFiles.control" . }}
{{- end }}

{{/* One variable from a key of a Secret: {variable, name, key, optional}. */}}
{{- define "elido.secretVariable" -}}
- name: {{ .variable }}
  valueFrom: {secretKeyRef: {name: {{ .name }}, key: {{ .key }}{{ if .optional }}, optional: true{{ end }}}}
{{- end }}

{{- define "elido.secretVariables.bus" -}}
{{- with ternary "" .Values.external.kafka.secretName (eq (include "elido.quiet" .) "true") }}
{{ include "elido.secretVariable" (dict "variable" "ELIDO_BUS__URL" "name" . "key" "url") }}
{{ include "elido.secretVariable" (dict "variable" "ELIDO_BUS__USERNAME" "name" . "key" "username" "optional" true) }}
{{ include "elido.secretVariable" (dict "variable" "ELIDO_BUS__PASSWORD" "name" . "key" "password" "optional" true) }}
{{- end }}
{{- end }}

{{- define "elido.secretVariables.objects" -}}
{{- with ternary "" .Values.external.s3.secretName (eq (include "elido.quiet" .) "true") }}
{{ include "elido.secretVariable" (dict "variable" "OBJECTS_BUCKET" "name" . "key" "bucket") }}
{{ include "elido.secretVariable" (dict "variable" "ELIDO_OBJECTS__ENDPOINT" "name" . "key" "endpoint") }}
{{ include "elido.secretVariable" (dict "variable" "ELIDO_OBJECTS__REGION" "name" . "key" "region") }}
- {name: ELIDO_OBJECTS__URL, value: "s3://$(OBJECTS_BUCKET)"}
{{- end }}
{{ include "elido.secretVariable" (dict "variable" "ELIDO_OBJECTS__ACCESS_KEY_ID" "name" (include "elido.objectsSecret" .) "key" "access-key") }}
{{- end }}

{{- define "elido.secretVariables.edge" -}}
{{ include "elido.secretVariables.bus" . }}
{{- if .Values.edge.journal.handOver }}
{{ include "elido.secretVariables.objects" . }}
{{- end }}
{{- end }}
{{- define "elido.secretVariables.ingester" -}}{{ include "elido.secretVariables.bus" . }}{{- end }}
{{- define "elido.secretVariables.api" -}}
{{ include "elido.secretVariables.bus" . }}
{{ include "elido.secretVariables.objects" . }}
{{- end }}
{{- define "elido.secretVariables.workers" -}}{{ include "elido.secretVariables.api" . }}{{- end }}
